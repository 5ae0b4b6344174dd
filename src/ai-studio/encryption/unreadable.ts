import { AppError } from '../../platform/errors';
import { KekUnavailableError, type KekUnavailableReason } from './kek-provider';
import { SealedBlobError } from './sealed-blob';

const wrongKek =
  "The team's keys cannot be opened by this server, and none can be stored. The operator has to restore the key ring that sealed them (AI_STUDIO_KEK, or the keys of AI_STUDIO_KEK_PROVIDER) first; nothing is lost.";
const refused =
  "The team's keys cannot be opened now: the key service refuses this server. The operator has to mend its credentials (AI_STUDIO_KEK_PROVIDER says whose); nothing is lost.";
const unreachable =
  "The team's keys cannot be opened now: the key service does not answer. Try again in a moment; nothing is lost.";
const wrongRow =
  'The stored key cannot be opened: its row was altered, or belongs elsewhere. An admin can store it again.';

const advice: Record<KekUnavailableReason, string> = {
  'unknown-kek': wrongKek,
  unreadable: wrongKek,
  refused,
  unreachable,
};

/** `TOKEN_UNREADABLE` with what helps: where the ring is wrong, storing the key again is refused too. Other errors stay. */
export function toUnreadable(error: unknown): unknown {
  if (error instanceof KekUnavailableError) return unreadable(advice[error.reason], error);
  if (error instanceof SealedBlobError) return unreadable(wrongRow, error);
  return error;
}

function unreadable(message: string, cause: KekUnavailableError | SealedBlobError): AppError {
  return new AppError('TOKEN_UNREADABLE', message, { cause, details: { reason: cause.reason } });
}
