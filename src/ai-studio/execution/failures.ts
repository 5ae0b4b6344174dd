import { AppError, type ErrorCode } from '../../platform/errors';

/** What may change a failure: where the team's key is stored, where the provider's address is, or the switch that is named. */
type Remedy = 'key' | 'address' | { set: string };

/** What is known of a provider's failure, safe to show: never the provider's own words, which may repeat the key. */
export interface Failure {
  status?: number;
  reason: string;
  /** What may change it, where something may: the team's key, the provider's address, or what is named. */
  remedy?: Remedy;
  /** For the log, where it is an error of our own making: a provider's own words stay out of there too. */
  cause?: Error;
  /** Whether the next candidate may be asked: not for what the request itself is to blame for. */
  giveWay: boolean;
}

type Verdict = Pick<Failure, 'reason' | 'giveWay' | 'remedy'>;

const byStatus: Record<number, Verdict> = {
  400: { reason: 'refused the request (400)', giveWay: false },
  401: { reason: 'rejected the key (401)', giveWay: true, remedy: 'key' },
  402: { reason: 'wants payment: the account has no credit (402)', giveWay: true },
  403: { reason: 'does not allow this key to use the model (403)', giveWay: true, remedy: 'key' },
  404: { reason: 'does not know the model or the address (404)', giveWay: true },
  408: { reason: 'timed out (408)', giveWay: true },
  409: { reason: 'reported a conflict (409)', giveWay: true },
  413: { reason: 'says the request is too large (413)', giveWay: false },
  422: { reason: 'refused the request (422)', giveWay: false },
  429: { reason: 'is out of quota or too busy for this key (429)', giveWay: true },
  529: { reason: 'is overloaded (529)', giveWay: true },
};

/** By code, and where the error says it by its `details.reason`. */
const refusalReasons: Partial<Record<ErrorCode, Record<string, string>>> = {
  MODEL_NOT_AVAILABLE: { context_window: 'has too small a context window for what is to be sent' },
  EGRESS_REFUSED: {
    redirect: 'answered with a redirect, which is not followed; its address has to be corrected',
    otherwise: 'has an address that this server may not reach',
  },
  PROVIDER_FAILED: {
    response_too_large: 'sent more than this server reads of one answer',
    malformed_response: 'sent an answer that is not valid HTTP',
  },
  SHUTTING_DOWN: { otherwise: 'was cut off, as this server is stopping' },
  TOKEN_UNREADABLE: { otherwise: 'has a stored key that this server cannot open' },
};

const unusable = {
  tooLong: 'went on far beyond the length that it was allowed',
  unofferedTool: 'called a tool that it was not offered',
  remoteFile: 'sent a file that would have to be fetched from elsewhere',
  strayPart: 'sent an answer whose parts do not fit together',
};

/** Thrown where an answer says what no answer to this call may say; see `answer-rules.ts`. */
export class UnusableAnswer extends Error {
  constructor(readonly reason: keyof typeof unusable) {
    super(`The provider ${unusable[reason]}.`);
    this.name = 'UnusableAnswer';
  }
}

/** Thrown where a candidate stays silent for longer than it may. */
export class FirstPartTimeout extends Error {
  constructor(readonly ms: number) {
    super(`No answer within ${ms} ms.`);
    this.name = 'FirstPartTimeout';
  }
}

/** Thrown where an answer ended without content, usage or a regular end. */
export class EmptyAnswer extends Error {
  constructor() {
    super('The answer ended before it began.');
    this.name = 'EmptyAnswer';
  }
}

/** Thrown where an answer broke off in the middle. */
export class ConnectionLost extends Error {
  constructor() {
    super('terminated');
    this.name = 'ConnectionLost';
  }
}

/** Classifies anything that a provider call may throw or put into its stream. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof FirstPartTimeout)
    return { reason: `did not begin to answer within ${error.ms} ms`, giveWay: true };
  if (error instanceof EmptyAnswer)
    return { reason: 'answered with nothing that could be read', giveWay: true };
  if (error instanceof UnusableAnswer) return { reason: unusable[error.reason], cause: error, giveWay: true };
  const refusal = causes(error).find((cause) => cause instanceof AppError);
  if (refusal) return { ...ofRefusal(refusal), cause: refusal, giveWay: true };
  const status = causes(error)
    .map(statusOf)
    .find((value) => value !== undefined);
  // A connection that is lost in an answer carries the 200 with which the answer began.
  if (status !== undefined && status >= 400) return { status, ...ofStatus(status, error) };
  if (causes(error).some(isTimeout)) return { reason: 'timed out', giveWay: true };
  if (causes(error).some(isConnectionLoss))
    return { reason: 'could not be reached, or the connection was lost', giveWay: true };
  // Clients throw what they cannot read; what a provider itself reports in a stream is no Error.
  return {
    reason: error instanceof Error ? 'sent an answer that could not be read' : 'reported an error',
    giveWay: true,
  };
}

function ofRefusal({ code, details }: AppError): Pick<Failure, 'reason' | 'remedy'> {
  const { reason: detail, set } = toRecord(details);
  const reasons = refusalReasons[code] ?? {};
  const reason = reasons[String(detail)] ?? reasons.otherwise ?? 'could not be used';
  if (detail === 'redirect') return { reason, remedy: 'address' };
  return typeof set === 'string' ? { reason, remedy: { set } } : { reason };
}

function toRecord(details: unknown): Record<string, unknown> {
  return typeof details === 'object' && details !== null ? { ...details } : {};
}

function ofStatus(status: number, error: unknown): Verdict {
  // Google answers a wrong key with 400 and this reason (recorded in public issue reports of its client libraries).
  if (status === 400 && causes(error).some(saysInvalidKey))
    return { reason: 'rejected the key (400)', giveWay: true, remedy: 'key' };
  const known = byStatus[status];
  if (known) return known;
  if (status >= 500) return { reason: `failed (${status})`, giveWay: true };
  return { reason: `refused the request (${status})`, giveWay: false };
}

function causes(error: unknown): unknown[] {
  const chain: unknown[] = [];
  for (let next = error; next !== undefined && next !== null && chain.length < 8; next = causeOf(next))
    chain.push(next);
  return chain;
}

function causeOf(error: unknown): unknown {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('lastError' in error) return error.lastError;
  return 'cause' in error ? error.cause : undefined;
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined;
  return typeof error.statusCode === 'number' ? error.statusCode : undefined;
}

function saysInvalidKey(error: unknown): boolean {
  return (
    typeof error === 'object' &&
    error !== null &&
    'responseBody' in error &&
    String(error.responseBody).includes('API_KEY_INVALID')
  );
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && (error.name === 'TimeoutError' || codeOf(error).includes('TIMEOUT'));
}

function isConnectionLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return (
    /^(ECONN|ENOTFOUND|EAI_|EPIPE|EHOST|ENET|UND_ERR_SOCKET)/.test(codeOf(error)) ||
    error.message === 'terminated' ||
    error.message === 'fetch failed'
  );
}

function codeOf(error: Error): string {
  return 'code' in error ? String(error.code) : '';
}
