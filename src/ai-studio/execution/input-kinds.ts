import type {
  LanguageModelV4FilePart,
  LanguageModelV4Message,
  LanguageModelV4Prompt,
} from '@ai-sdk/provider';
import { AppError } from '../../platform/errors';
import type { ModelCapabilities } from '../models/model.entity';
import type { SnapshotModel } from '../models/team-snapshot';

/** What a message may hold beside text. */
const inputKinds = ['image', 'pdf'] as const;
export type InputKind = (typeof inputKinds)[number];

const capabilityOf = { image: 'imageInput', pdf: 'pdfInput' } as const satisfies Record<
  InputKind,
  keyof ModelCapabilities
>;

const names: Record<InputKind, string> = { image: 'images', pdf: 'PDF files' };

/** What a model is known not to take. What is not known of a model, it may take. */
export function listRefusedInputs(capabilities: ModelCapabilities): InputKind[] {
  return inputKinds.filter((kind) => capabilities[capabilityOf[kind]] === false);
}

/** `MODEL_NOT_AVAILABLE` where a model does not take all of `inputs`. */
export function findRefusal(
  { ref, capabilities }: Pick<SnapshotModel, 'ref' | 'capabilities'>,
  inputs: readonly InputKind[],
): AppError | undefined {
  const refused = listRefusedInputs(capabilities).find((kind) => inputs.includes(kind));
  if (!refused) return undefined;
  return new AppError(
    'MODEL_NOT_AVAILABLE',
    `${ref} takes no ${names[refused]}. Choose a model that does, or send the message without them.`,
    { details: { modelRef: ref, input: refused } },
  );
}

/**
 * Earlier messages may hold what a model does not take, since a conversation may change its model: it is told what was
 * there instead.
 */
export function withoutRefusedInputs(
  prompt: LanguageModelV4Prompt,
  refused: readonly InputKind[],
): LanguageModelV4Prompt {
  if (refused.length === 0) return prompt;
  return prompt.map((message): LanguageModelV4Message => {
    if (message.role !== 'user') return message;
    return {
      ...message,
      content: message.content.map((part) => {
        const kind = part.type === 'file' ? kindOf(part) : undefined;
        return part.type === 'file' && kind && refused.includes(kind) ? toNote(part, kind) : part;
      }),
    };
  });
}

function kindOf({ mediaType }: LanguageModelV4FilePart): InputKind | undefined {
  if (mediaType.startsWith('image')) return 'image'; // `image/png`, `image/*` or `image`
  return mediaType === 'application/pdf' ? 'pdf' : undefined;
}

function toNote({ filename, mediaType }: LanguageModelV4FilePart, kind: InputKind) {
  const name = filename === undefined ? mediaType : `${JSON.stringify(filename)}, ${mediaType}`;
  return { type: 'text' as const, text: `[A file was here: ${name}. This model takes no ${names[kind]}.]` };
}
