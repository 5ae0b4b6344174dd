import { AppError } from '../../platform/errors';
import { KekUnavailableError, type KekUnavailableReason } from './kek-provider';
import { kekVariableOf } from './kek-variable';
import { SealedBlobError } from './sealed-blob';

/** What helps, and the switch that does. */
interface Advice {
  message: string;
  set?: string | undefined;
}

function refused(set: string): Advice {
  return {
    message: `The team's keys cannot be opened now: the key service refuses this server. The operator has to mend its credentials, or what they allow on the key that sealed them (${set}); nothing is lost.`,
    set,
  };
}

function wrongKek(set: string): Advice {
  return {
    message: `The team's keys cannot be opened by this server, and none can be stored. The operator has to restore the key that sealed them (${set}) first; nothing is lost.`,
    set,
  };
}

function unreachable(): Advice {
  return {
    message:
      "The team's keys cannot be opened now: the key service does not answer. Try again in a moment; nothing is lost.",
  };
}

/** By the reason, given the variable that names the key. */
const advice: Record<KekUnavailableReason, (variable: string) => Advice> = {
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
  if (error instanceof KekUnavailableError)
    return unreadable(advice[error.reason](kekVariableOf(error.kekId)), error);
  if (error instanceof SealedBlobError) return unreadable(wrongRow(storedBy), error);
  return error;
}

function wrongRow(set: string | undefined): Advice {
  const how = set === undefined ? '' : ` (${set})`;
  const message = `The stored key cannot be opened: its row was altered or belongs elsewhere, or its data key is gone. An admin can store it again${how}.`;
  return { message, set };
}

function unreadable({ message, set }: Advice, cause: KekUnavailableError | SealedBlobError): AppError {
  const details = { reason: cause.reason, ...(set === undefined ? {} : { set }) };
  return new AppError('TOKEN_UNREADABLE', message, { cause, details });
}
