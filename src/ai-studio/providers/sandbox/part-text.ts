import type {
  LanguageModelV4FilePart,
  LanguageModelV4Message,
  LanguageModelV4ToolResultOutput,
} from '@ai-sdk/provider';

/** Any part of a user, assistant or tool message. */
type PromptPart = Exclude<LanguageModelV4Message, { role: 'system' }>['content'][number];

/** A part of a prompt as text: text verbatim, anything else named in brackets, such as `[file image/png, 1234 bytes]`. */
export function partText(part: PromptPart): string {
  switch (part.type) {
    case 'text':
      return part.text;
    case 'reasoning':
      return `[reasoning] ${part.text}`;
    case 'file':
      return fileLabel('file', part);
    case 'reasoning-file':
      return fileLabel('reasoning-file', part);
    case 'custom':
      return `[custom ${part.kind}]`;
    case 'tool-call':
      return `[tool-call ${part.toolName} ${toJson(part.input)}]`;
    case 'tool-result':
      return `[tool-result ${part.toolName} ${outputText(part.output)}]`;
    case 'tool-approval-response':
      return `[tool-approval-response ${part.approved ? 'approved' : 'denied'}${reasonText(part.reason)}]`;
  }
}

type FileLike = Pick<LanguageModelV4FilePart, 'data' | 'mediaType' | 'filename'>;

function fileLabel(kind: string, file: FileLike): string {
  const name = file.filename === undefined ? '' : `, ${JSON.stringify(file.filename)}`;
  return `[${kind} ${file.mediaType}, ${dataText(file.data)}${name}]`;
}

function dataText(data: FileLike['data']): string {
  switch (data.type) {
    case 'data':
      return `${typeof data.data === 'string' ? Buffer.byteLength(data.data, 'base64') : data.data.byteLength} bytes`;
    case 'text':
      return `${Buffer.byteLength(data.text)} bytes`;
    case 'url':
      return data.url.href;
    case 'reference':
      return `reference ${toJson(data.reference)}`;
  }
}

function outputText(output: LanguageModelV4ToolResultOutput): string {
  switch (output.type) {
    case 'text':
    case 'json':
      return toJson(output.value);
    case 'error-text':
    case 'error-json':
      return `error ${toJson(output.value)}`;
    case 'execution-denied':
      return `denied${reasonText(output.reason)}`;
    case 'content':
      return output.value.map(contentText).join(' ');
  }
}

function contentText(
  item: Extract<LanguageModelV4ToolResultOutput, { type: 'content' }>['value'][number],
): string {
  switch (item.type) {
    case 'text':
      return toJson(item.text);
    case 'file':
      return fileLabel('file', item);
    case 'custom':
      return '[custom]';
  }
}

function reasonText(reason: string | undefined): string {
  return reason === undefined ? '' : ` ${JSON.stringify(reason)}`;
}

/** `undefined` has no JSON; it is shown as `null`. */
function toJson(value: unknown): string {
  return JSON.stringify(value) ?? 'null';
}
