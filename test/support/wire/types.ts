/** The public shapes of the wire servers. The rules are in `README.md`. */

export type WireKind = 'openai' | 'anthropic' | 'google';

/** A request as it came in, recorded before anything is judged: refused ones are here too. */
export interface WireRequest {
  method: string;
  /** The request target as sent, with its query (`…:streamGenerateContent?alt=sse`). */
  path: string;
  /** Lower-case names; repeated headers are joined with `, `. */
  headers: Record<string, string>;
  /** The parsed JSON body, or undefined when there is none or it does not parse. */
  body: unknown;
  rawBody: string;
  /** Resolves if the client closed the connection before the answer was complete; else stays pending. */
  aborted: Promise<void>;
}

/**
 * Tokens in the sense of the AI SDK, whatever the protocol: `inputTokens` and `outputTokens` are totals that
 * contain the finer classes. Each encoder turns them into what its provider counts.
 */
export interface WireUsage {
  inputTokens: number;
  cachedInputTokens?: number;
  /** Google reports no such class: its encoder leaves it in the total. */
  cacheWriteTokens?: number;
  outputTokens: number;
  reasoningTokens?: number;
}

export interface WireReply {
  /** Default: `echo: ` and the last user text. Ignored when `chunks` is given. */
  text?: string;
  /** Text deltas. Default: the text split in words. */
  chunks?: string[];
  /** OpenAI chat completions carry it as `reasoning_content`, which compatible providers add and OpenAI does not. */
  reasoning?: string;
  /** Google alone: pages that the answer rests on, after the text. */
  sources?: { uri: string; title: string }[];
  /** Google alone: a picture that the model made, base64 of a PNG, after the text. */
  picture?: string;
  /** Pause before each delta. A reply that is not streamed takes the sum of them. */
  chunkDelayMs?: number;
  /** Default: `defaultUsage`. `null`: the provider reports none (Anthropic's format cannot leave it out: zeros). */
  usage?: WireUsage | null;
  /** Destroy the socket after so many deltas, before the closing events. Not streamed: half of the body. */
  cutAfterChunks?: number;
  /** Error event after so many deltas, then the end. Not streamed: status 500 with this message. */
  errorAfterChunks?: { n: number; message: string };
  /** One extra delta that is the byte 0xFF, after so many deltas. */
  invalidUtf8AfterChunks?: number;
  finishReason?: 'stop' | 'length';
}

export interface WireFailure {
  status: number;
  /** Goes into the provider's own error shape; may echo the key, for leak tests. */
  message?: string;
  headers?: Record<string, string>;
  /** Sent as it is, instead of an error body: HTML, nonsense. With status 200 too. */
  rawBody?: string;
}

export type WireBehaviour =
  | { reply: WireReply }
  | { fail: WireFailure }
  /** Accepts the request, never answers. */
  | { hang: true }
  /** Closes the socket as soon as the request is read. */
  | { drop: true };

export interface WireServer {
  kind: WireKind;
  /** `http://127.0.0.1:port` */
  origin: string;
  /** What the AI SDK client of this kind wants as `baseURL`. */
  baseUrl: string;
  /** Every request, oldest first; the same array for the life of the server. */
  requests: WireRequest[];
  /** Queue behaviours, one for each model call. Listing models takes none. */
  next(...behaviours: WireBehaviour[]): void;
  /** What to do when the queue is empty. Default: a reply that echoes. */
  always(behaviour: WireBehaviour): void;
  /** What the listing answers. A call to a model that is not listed is served all the same. */
  models: string[];
  /** Forget requests, behaviours and changes to `models`. */
  reset(): void;
  /** Stop listening and destroy every socket, also of answers under way. */
  close(): Promise<void>;
}

export interface WireServerOptions {
  /** Refuse every other key. Without it any key will do, but the header must be there. */
  expectKey?: string;
}
