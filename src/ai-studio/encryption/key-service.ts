import { EgressGuard } from '../../platform/egress';
import { AppError } from '../../platform/errors';
import { KekUnavailableError, type KekUnavailableReason } from './kek-provider';

export interface KeyServiceOptions {
  /** All that may be called; nothing else is. The operator names them, so they may be private. */
  addresses: string[];
  /** Of one attempt, from the first byte to the last. Default 3,000. */
  timeoutMs?: number;
  /** How often a call is made at most. Default 4. */
  attempts?: number;
  /** Before the second attempt; each later one waits twice as long, all of them with jitter. Default 100. */
  backoffMs?: number;
}

export interface KeyServiceRequest {
  method: 'GET' | 'POST';
  url: string;
  headers: Record<string, string>;
  body?: string;
}

/** An answer that is worth reading: JSON, and neither throttled nor a fault of the service. */
export interface KeyServiceAnswer {
  status: number;
  /** An object, whatever else the service sent. */
  body: Record<string, unknown>;
}

/** Which key a call is about, for the error. */
export interface CallSubject {
  kekId: string;
  kekVersion: string;
}

const longestWaitMs = 2_000;
const answerLimitBytes = 64 * 1024;
/** Below 500: too slow, a replica that is not up to date (Vault), throttled. */
const again = new Set([408, 412, 429]);

/**
 * Calls a key service: with a time limit, again with backoff where it is throttled, faulty or away, and never anywhere
 * but at the given addresses. What it sends goes into no error and no log.
 */
export class KeyService {
  private readonly guard: EgressGuard;
  private readonly timeoutMs: number;
  private readonly attempts: number;
  private readonly backoffMs: number;

  constructor({ addresses, timeoutMs = 3_000, attempts = 4, backoffMs = 100 }: KeyServiceOptions) {
    this.timeoutMs = timeoutMs;
    this.attempts = attempts;
    this.backoffMs = backoffMs;
    this.guard = new EgressGuard({
      allowHosts: addresses.map(toAllowedHost),
      connectTimeoutMs: timeoutMs,
      headersTimeoutMs: timeoutMs,
      bodyTimeoutMs: timeoutMs,
      maxResponseBytes: answerLimitBytes,
    });
  }

  /**
   * @param build is asked before each attempt, since a signature has a time in it
   * @param isThrottled whether an answer below 500 that is no 429 says "later" all the same
   * @throws KekUnavailableError `unreachable`, or `refused` for 401 and 403
   */
  async call(
    subject: CallSubject,
    build: () => KeyServiceRequest | Promise<KeyServiceRequest>,
    isThrottled: (answer: KeyServiceAnswer) => boolean = () => false,
  ): Promise<KeyServiceAnswer> {
    let obstacle = '';
    for (let attempt = 1; attempt <= this.attempts; attempt++) {
      const outcome = await this.attempt(await build());
      if (typeof outcome === 'string') obstacle = outcome;
      else if (isThrottled(outcome)) obstacle = `status ${outcome.status}, throttled`;
      else return outcome;
      if (attempt < this.attempts) await this.pause(attempt);
    }
    throw unavailable('unreachable', subject, `${obstacle}, ${this.attempts} times`);
  }

  close(): Promise<void> {
    return this.guard.close();
  }

  /** The answer, or why there is none. */
  private async attempt({ url, ...init }: KeyServiceRequest): Promise<KeyServiceAnswer | string> {
    try {
      const response = await this.guard.fetch(url, { ...init, signal: AbortSignal.timeout(this.timeoutMs) });
      const text = await response.text();
      if (again.has(response.status) || response.status >= 500) return `status ${response.status}`;
      const body = parseObject(text);
      return body ? { status: response.status, body } : `status ${response.status} without JSON`;
    } catch (error) {
      if (isTimeout(error)) return 'no answer in time';
      return error instanceof AppError ? 'a redirect, or an answer too long to read' : 'no connection';
    }
  }

  private pause(attempt: number): Promise<void> {
    const longest = Math.min(this.backoffMs * 2 ** (attempt - 1), longestWaitMs);
    return new Promise((resolve) => setTimeout(resolve, longest * (0.5 + Math.random() / 2)));
  }
}

export function unavailable(
  reason: KekUnavailableReason,
  { kekId, kekVersion }: CallSubject,
  detail: string,
): KekUnavailableError {
  return new KekUnavailableError(reason, kekId, kekVersion, detail);
}

/** Bytes of a field that must be standard base64; `undefined` for anything else. */
export function readBase64(value: unknown): Buffer | undefined {
  if (typeof value !== 'string' || value === '' || !/^[A-Za-z0-9+/]+={0,2}$/.test(value)) return undefined;
  return Buffer.from(value, 'base64');
}

/** An error code of a service, if it looks like one: what a service sends is shown nowhere else. */
export function toCode(value: unknown): string {
  return typeof value === 'string' && /^[A-Za-z_.]{1,60}$/.test(value) ? value : 'no code';
}

function parseObject(text: string): Record<string, unknown> | undefined {
  if (text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    // An object of JSON has text keys; what stands under them is checked where it is read.
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError');
}

function toAllowedHost(address: string): { host: string; port: number } {
  const { hostname, port, protocol } = new URL(address);
  const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return { host, port: Number(port) || (protocol === 'http:' ? 80 : 443) };
}
