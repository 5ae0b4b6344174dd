import { randomBytes } from 'node:crypto';
import type { WireReply, WireUsage } from './types';

/** What the server loop needs to speak one provider's protocol. Encoders hold no state and do no I/O. */
export interface Protocol {
  /** What the provider's clients have at the end of their base URL. */
  basePath: string;
  defaultModels: readonly string[];
  /** Headers of every successful answer. */
  successHeaders(): Record<string, string>;
  /** The provider's answer to a missing or wrong key, or undefined if the request may pass. */
  refuseCredentials(headers: Record<string, string>, expectKey: string | undefined): Refusal | undefined;
  /** The provider's error body for a status. */
  refuse(status: number, message?: string): Refusal;
  listModels(ids: readonly string[], query: URLSearchParams): object;
  /** Reads a POST: a model call, or a refusal for an unknown path or a field the provider requires. */
  readCall(url: URL, body: unknown): ModelCall | Refusal;
}

export interface Refusal {
  kind: 'refusal';
  status: number;
  headers?: Record<string, string>;
  body: object;
}

export interface ModelCall {
  kind: 'call';
  lastUserText: string;
  stream: boolean;
  encodeBody(reply: FullReply): object;
  encodeStream(reply: FullReply): StreamFrames;
}

/** Server-sent events in the order they are written: `opening`, one of `deltas` for each chunk, `closing`. */
export interface StreamFrames {
  opening: string[];
  deltas: string[];
  closing: string[];
  /** What the provider sends instead of the rest when it fails after `sent` deltas. */
  failure(message: string, sent: number): string[];
}

/** A reply with its defaults filled in, as encoders want it. */
export interface FullReply {
  text: string;
  chunks: string[];
  reasoning: string | undefined;
  sources: { uri: string; title: string }[];
  picture: string | undefined;
  usage: Required<WireUsage> | null;
  finishReason: 'stop' | 'length';
}

/** What a reply reports when the test does not say. */
export const defaultUsage: WireUsage = { inputTokens: 12, outputTokens: 7 };

/** Stands for one byte that is not UTF-8 until the frame is turned into bytes: a private-use character. */
export const invalidByte = '\uE000';

export function fillReply(reply: WireReply, lastUserText: string): FullReply {
  const chunks = [...(reply.chunks ?? splitInWords(reply.text ?? `echo: ${lastUserText}`))];
  if (reply.invalidUtf8AfterChunks !== undefined) chunks.splice(reply.invalidUtf8AfterChunks, 0, invalidByte);
  const usage = reply.usage === undefined ? defaultUsage : reply.usage;
  return {
    text: chunks.join(''),
    chunks,
    reasoning: reply.reasoning,
    sources: reply.sources ?? [],
    picture: reply.picture,
    usage: usage && { cachedInputTokens: 0, cacheWriteTokens: 0, reasoningTokens: 0, ...usage },
    finishReason: reply.finishReason ?? 'stop',
  };
}

/** One server-sent event; OpenAI chat and Google send no event name. */
export function sse(data: object | string, event?: string): string {
  const payload = typeof data === 'string' ? data : JSON.stringify(data);
  return `${event === undefined ? '' : `event: ${event}\n`}data: ${payload}\n\n`;
}

/** `chatcmpl-5f0c…`: the provider's prefix and random hexadecimal digits. */
export function newId(prefix: string): string {
  return prefix + randomBytes(12).toString('hex');
}

export function nowInSeconds(): number {
  return Math.floor(Date.now() / 1000);
}

function splitInWords(text: string): string[] {
  return text.match(/^\s+|\S+\s*/g) ?? [];
}
