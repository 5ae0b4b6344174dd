import { AppError } from '../../platform/errors';
import { KekUnavailableError, type KekUnavailableReason } from './kek-provider';
import { SealedBlobError } from './sealed-blob';

/** What helps, and the switch that does. */
interface Advice {
  message: string;
  set?: string;
}

const wrongKek: Advice = {
  message:
    "The team's keys cannot be opened by this server, and none can be stored. The operator has to restore the key ring that sealed them (AI_STUDIO_KEK, or the keys of AI_STUDIO_KEK_PROVIDER) first; nothing is lost.",
  set: 'AI_STUDIO_KEK',
};
const refused: Advice = {
  message:
    "The team's keys cannot be opened now: the key service refuses this server. The operator has to mend its credentials (AI_STUDIO_KEK_PROVIDER says whose); nothing is lost.",
  set: 'AI_STUDIO_KEK_PROVIDER',
};
const unreachable: Advice = {
  message:
    "The team's keys cannot be opened now: the key service does not answer. Try again in a moment; nothing is lost.",
};
const advice: Record<KekUnavailableReason, Advice> = {
  'unknown-kek': wrongKek,
  unreadable: wrongKek,
  refused,
  unreachable,
};

/**
 * `TOKEN_UNREADABLE` with what helps: where the ring is wrong, storing the key again is refused too. Other errors stay.
 * @param storedBy the endpoint that stores the secret, where it is known
 */
export function toUnreadable(error: unknown, storedBy?: string): unknown {
  if (error instanceof KekUnavailableError) return unreadable(advice[error.reason], error);
  if (error instanceof SealedBlobError) return unreadable(wrongRow(storedBy), error);
  return error;
}

function wrongRow(set: string | undefined): Advice {
  const how = set === undefined ? '' : ` (${set})`;
  return {
    message: `The stored key cannot be opened: its row was altered, or belongs elsewhere. An admin can store it again${how}.`,
    ...(set === undefined ? {} : { set }),
  };
}

function unreadable({ message, set }: Advice, cause: KekUnavailableError | SealedBlobError): AppError {
  const details = { reason: cause.reason, ...(set === undefined ? {} : { set }) };
  return new AppError('TOKEN_UNREADABLE', message, { cause, details });
}
