import type { Client } from './client';

const sessionsPath = '/api/v1/chat/sessions';

/** A place in a stream to go on from. */
export interface Place {
  lastEventId?: string;
  after?: string;
  offset?: number;
}

/** A stream that is read as bytes: what came, and how it ended. */
export class ByteReader {
  /** What came, without heartbeats. */
  text = '';
  private readonly reader: ReadableStreamDefaultReader<Uint8Array>;
  private readonly decoder = new TextDecoder();
  private bytes = Buffer.alloc(0);

  constructor(
    readonly response: Response,
    private readonly controller: AbortController,
  ) {
    if (!response.body) throw new Error(`no stream: ${response.status}`);
    this.reader = response.body.getReader();
  }

  /** How many bytes came: an offset. */
  get length(): number {
    return this.bytes.length;
  }

  get received(): Buffer {
    return this.bytes;
  }

  /** Id of the last whole event; `undefined` before the first. */
  get lastEventId(): string | undefined {
    const whole = this.text.slice(0, this.text.lastIndexOf('\n\n') + 2);
    return [...whole.matchAll(/^id: (\S+)$/gm)].at(-1)?.[1];
  }

  get isWhole(): boolean {
    return this.text.endsWith('data: [DONE]\n\n');
  }

  /** Reads until so many bytes have come, or the end. */
  async readBytes(enough: number): Promise<this> {
    while (this.bytes.length < enough && (await this.readOne()));
    return this;
  }

  async readAll(): Promise<this> {
    while (await this.readOne());
    return this;
  }

  /** Takes nothing more and cuts the connection. */
  hangUp(): void {
    this.controller.abort();
  }

  private async readOne(): Promise<boolean> {
    const { done, value } = await this.reader.read();
    if (done) return false;
    const text = Buffer.from(value).toString('latin1').replaceAll(': heartbeat\n\n', '');
    this.bytes = Buffer.concat([this.bytes, Buffer.from(text, 'latin1')]);
    this.text = this.decoder.decode(this.bytes);
    return true;
  }
}

/** Sends a message and reads its answer as bytes. */
export async function openBytes(
  client: Client,
  sessionId: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<ByteReader> {
  const controller = new AbortController();
  const response = await client.fetch(`${sessionsPath}/${sessionId}/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal: controller.signal,
  });
  if (response.status !== 200) throw new Error(`no answer: ${response.status} ${await response.text()}`);
  return new ByteReader(response, controller);
}

/** Joins an answer at a place; the response whatever it is. */
export function fetchStream(
  client: Client,
  sessionId: string,
  { lastEventId, ...query }: Place = {},
  init: RequestInit = {},
): Promise<Response> {
  const search = new URLSearchParams(
    Object.entries(query).map(([name, value]): [string, string] => [name, String(value)]),
  );
  return client.fetch(`${sessionsPath}/${sessionId}/stream?${search}`, {
    ...init,
    headers: lastEventId === undefined ? {} : { 'last-event-id': lastEventId },
  });
}

export async function joinBytes(client: Client, sessionId: string, place: Place = {}): Promise<ByteReader> {
  const controller = new AbortController();
  const response = await fetchStream(client, sessionId, place, { signal: controller.signal });
  if (response.status !== 200) throw new Error(`no stream: ${response.status} ${await response.text()}`);
  return new ByteReader(response, controller);
}

/** The bytes after the event with this id. */
export function bytesAfter(whole: Buffer, lastEventId: string): Buffer {
  const start = whole.indexOf(`id: ${lastEventId}\n`);
  if (start < 0) throw new Error(`There is no event ${lastEventId}.`);
  return whole.subarray(whole.indexOf('\n\n', start) + 2);
}
