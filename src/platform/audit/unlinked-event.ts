import { v7 as uuidv7 } from 'uuid';
import type { AuditEntry, AuditOrigin, RefusedEntry, UnlinkedEvent } from './audit-event';

/** The event of something that was done. */
export function toEvent(origin: AuditOrigin, entry: AuditEntry): UnlinkedEvent {
  return complete(origin, entry, 'done');
}

/** The event of an attempt that was refused. */
export function toRefusal(origin: AuditOrigin, entry: RefusedEntry): UnlinkedEvent {
  return complete(origin, entry, 'refused');
}

/** As a JSON column takes it: names may hold NUL or half of a surrogate pair, of clients that Better Auth let through. */
export function toJson(event: UnlinkedEvent): string {
  return JSON.stringify(event, (_key, value: unknown) =>
    typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '\ufffd') : value,
  );
}

function complete<E extends AuditEntry>(
  { userId, actorType, role, system, request }: AuditOrigin,
  entry: E,
  outcome: UnlinkedEvent['outcome'],
): UnlinkedEvent {
  return {
    id: uuidv7(),
    at: new Date().toISOString(),
    actor: system ? { type: 'system', id: system } : { type: actorType ?? 'user', id: userId ?? null, role },
    ...entry,
    outcome,
    requestId: request?.id,
    clientRequestId: request?.clientId,
    address: request?.address,
  };
}
