/**
 * The closed list of error codes of the product. Each transport maps it in exactly one place:
 * `rest-error.filter.ts` and `trpc-errors.ts`.
 */
export const errorCodes = [
  'VALIDATION_FAILED',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'CONFLICT',
  'MODEL_NOT_AVAILABLE',
  'NO_DEFAULT_MODEL',
  'TOKEN_MISSING',
  'TOKEN_UNREADABLE',
  'AGENT_LOCKED',
  'BUDGET_EXCEEDED',
  'RATE_LIMITED',
  'EGRESS_REFUSED',
  'PROVIDER_FAILED',
  'SHUTTING_DOWN',
  'INTERNAL',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

/** Whose fault it is. Decides the log level: `user` → info, `upstream` → warn, `ours` → error. */
export type Fault = 'user' | 'upstream' | 'ours';

const faults: Partial<Record<ErrorCode, Fault>> = {
  PROVIDER_FAILED: 'upstream',
  SHUTTING_DOWN: 'ours',
  TOKEN_UNREADABLE: 'ours',
  INTERNAL: 'ours',
};

export interface AppErrorOptions {
  /** Machine-readable, sent to the client as it is. Never put a secret or another team's data here. */
  details?: unknown;
  /** Logged, never sent. */
  cause?: unknown;
  /** Seconds; becomes `Retry-After`. */
  retryAfterSeconds?: number;
  /** Sent beside the error. */
  headers?: Record<string, string>;
}

/** An error that a client may see. `message` says what to do next; `cause` stays in the log. */
export class AppError extends Error {
  readonly details: unknown;
  readonly retryAfterSeconds: number | undefined;
  /** What is sent beside it, `retry-after` included. */
  readonly headers: Record<string, string>;

  constructor(
    readonly code: ErrorCode,
    message: string,
    options: AppErrorOptions = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'AppError';
    this.details = options.details;
    const { retryAfterSeconds, headers } = options;
    this.retryAfterSeconds = retryAfterSeconds;
    this.headers = {
      ...headers,
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    };
  }

  get fault(): Fault {
    return faults[this.code] ?? 'user';
  }
}

/** One text for "not there" and "another team's": the two must not be told apart. */
export function notFound(thing: string): AppError {
  return new AppError('NOT_FOUND', `${thing} was not found.`);
}
