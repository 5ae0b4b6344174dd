import { parseJsonEventStream, uiMessageChunkSchema, type UIMessageChunk } from 'ai';
import type { Client } from './client';

/** The parts of an answer as the AI SDK's own client reads them. Throws for what it could not read. */
export async function* readChunks(response: Response): AsyncGenerator<UIMessageChunk> {
  if (response.status !== 200 || !response.body)
    throw new Error(`no stream: ${response.status} ${await response.text()}`);
  for await (const result of parseJsonEventStream({ stream: response.body, schema: uiMessageChunkSchema })) {
    if (!result.success) throw result.error;
    yield result.value;
  }
}

/** Reads until `enough` text has come, and goes on from there when asked. */
export class AnswerReader {
  readonly chunks: UIMessageChunk[] = [];
  private readonly parts: AsyncGenerator<UIMessageChunk>;

  constructor(
    readonly response: Response,
    private readonly controller: AbortController,
  ) {
    this.parts = readChunks(response);
  }

  get text(): string {
    return textOf(this.chunks);
  }

  async readWords(enough: number): Promise<string> {
    while (this.chunks.filter(({ type }) => type === 'text-delta').length < enough) {
      const { done, value } = await this.parts.next();
      if (done) throw new Error(`the answer ended too early: ${JSON.stringify(this.chunks.slice(-3))}`);
      this.chunks.push(value);
    }
    return this.text;
  }

  async readAll(): Promise<string> {
    for await (const chunk of this.parts) this.chunks.push(chunk);
    return this.text;
  }

  /** Cuts the connection, as a closed browser tab does. */
  hangUp(): void {
    this.controller.abort();
  }
}

/** Sends a message and gives back its answer as it comes. */
export async function openAnswer(client: Client, sessionId: string, body: object): Promise<AnswerReader> {
  const controller = new AbortController();
  const response = await client.fetch(`/api/v1/chat/sessions/${sessionId}/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: controller.signal,
  });
  return new AnswerReader(response, controller);
}

/** Joins the answer that is running. */
export async function joinAnswer(client: Client, sessionId: string): Promise<AnswerReader> {
  const controller = new AbortController();
  const response = await client.fetch(`/api/v1/chat/sessions/${sessionId}/stream`, {
    signal: controller.signal,
  });
  return new AnswerReader(response, controller);
}

export function textOf(chunks: UIMessageChunk[]): string {
  return chunks.map((chunk) => (chunk.type === 'text-delta' ? chunk.delta : '')).join('');
}

/** A message that the sandbox answers with `words` numbered words, so many a second. */
export function slowly(words: number, tokensPerSecond: number): string {
  const answer = Array.from({ length: words }, (_, index) => `w${index}`).join(' ');
  return `Count.\n/sandbox tokensPerSecond=${tokensPerSecond} answer="${answer}"`;
}

/** Waits until `check` gives something, at most fifteen seconds. */
export async function eventually<T>(
  check: () => Promise<T | undefined | false>,
  withinMs = 15_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await check();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > deadline) throw new Error('It did not happen in time.');
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

/** The chunks of a whole answer, as a stream. */
export function toStream(events: string): ReadableStream<UIMessageChunk> {
  const chunks = events
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice(6)) as UIMessageChunk); // written by the server under test
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}
