import { toTeamId, type RequestOrigin, type UserId } from '@kdx/shared';
import type { ErrorCode } from '../errors';

/** Stands where a team's id does in the chain of the instance: what belongs to no team (providers, catalogue, accounts). */
export const instanceChain = toTeamId('00000000-0000-0000-0000-000000000000');

/** Who did it: a person (`null`: nobody knows who), an API key, or the server itself; then `id` says which part of it. */
interface AuditActor {
  type: 'user' | 'apiKey' | 'system';
  id: string | null;
  /** In the team, where it decided. */
  role?: string | undefined;
}

/** What it was done to. `id` is `null` where it has none. */
export interface AuditTarget {
  type: string;
  id: string | null;
  /** As people call it, at that moment. */
  name?: string | undefined;
}

/**
 * What a change says of itself. Never a key, a token, a text of instructions or an e-mail address: contents are named
 * by their fingerprints alone.
 */
export interface AuditEntry {
  /** `<things>.<verb>` */
  action: string;
  target: AuditTarget;
  /** Names of the fields that changed. */
  changed?: string[] | undefined;
  /** SHA-256 of these fields as they were and as they are, in hex; absent where there was or is nothing. */
  before?: string | undefined;
  after?: string | undefined;
}

/** An attempt that was refused, and with which code. */
export interface RefusedEntry extends AuditEntry {
  code: ErrorCode;
  /** How many more attempts of the same person were refused and left out of the log. */
  omitted?: number | undefined;
}

/** By whom something is done, and on which call. A `Scope` is one. */
export interface AuditOrigin {
  userId?: UserId | undefined;
  /** What `userId` is; a person where absent. */
  actorType?: 'apiKey' | undefined;
  role?: string | undefined;
  /** The part of the server that does it, where no person asked. */
  system?: 'start' | 'schedule' | 'terminal' | undefined;
  request?: RequestOrigin | undefined;
}

/** An event as it is stored, and hashed. */
export interface AuditEvent extends AuditEntry {
  /** UUID version 7. */
  id: string;
  /** Its place in the chain, from 1. */
  seq: number;
  /** ISO 8601, UTC, milliseconds. */
  at: string;
  actor: AuditActor;
  outcome: 'done' | 'refused';
  code?: ErrorCode | undefined;
  omitted?: number | undefined;
  requestId?: string | undefined;
  /** As the caller named the call. */
  clientRequestId?: string | undefined;
  address?: string | undefined;
}

/** An event before it gets its place. */
export type UnlinkedEvent = Omit<AuditEvent, 'seq'>;

/** The end of a chain at one moment. `hash` is hex. */
export interface AuditLink {
  teamId: string;
  seq: number;
  hash: string;
}
