import { validationFailed } from '../../platform/http';

/** From where on somebody wants to read an answer's stream. `field` is where they said it. */
export type StreamPosition =
  | { kind: 'beginning' }
  | { kind: 'event'; number: number; ofAnswer: string; field: string }
  | { kind: 'offset'; bytes: number; field: string };

export const beginning: StreamPosition = { kind: 'beginning' };

/**
 * Reads where to go on: `Last-Event-ID`, which a browser sends by itself and which is therefore newer than the address,
 * else `after` or `offset`. Throws `VALIDATION_FAILED`.
 */
export function toStreamPosition(
  lastEventId: string | undefined,
  { after, offset }: { after?: string; offset?: number } = {},
): StreamPosition {
  if (lastEventId) return toEventPosition(lastEventId, 'last-event-id');
  if (after !== undefined && offset !== undefined)
    throw validationFailed([{ field: 'offset', problem: 'cannot be sent together with after' }]);
  if (after !== undefined) return toEventPosition(after, 'after');
  return offset === undefined ? beginning : { kind: 'offset', bytes: offset, field: 'offset' };
}

/** The id of an event, as a stream says it. */
function toEventPosition(id: string, field: string): StreamPosition {
  const [, number, ofAnswer] = /^(\d{1,15})\.([0-9a-f]{8})$/.exec(id) ?? [];
  if (number === undefined || ofAnswer === undefined)
    throw validationFailed([{ field, problem: 'must be the id of an event of the stream' }]);
  return { kind: 'event', number: Number(number), ofAnswer, field };
}
