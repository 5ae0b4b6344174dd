import { isUuid } from '@kdx/shared';
import type { AppError } from '../errors';
import { IntegerField, TextField } from './fields';
import { validationFailed } from './validation-failed';

/** A page of a list. `nextCursor` is opaque: send it back as `cursor`; absent on the last page. */
export interface Page<T> {
  items: T[];
  nextCursor?: string;
}

/** `nextCursor` of a page view. */
export const NextCursorField = () =>
  TextField({ max: 512, optional: true, description: 'Send it back as cursor; absent on the last page' });

/** Query fields of every paged list. */
export class PageQuery {
  @TextField({ optional: true, max: 512, description: 'nextCursor of the page before' })
  cursor?: string;

  @IntegerField({ optional: true, min: 1, max: 200, query: true, description: 'Items a page', example: 50 })
  limit?: number;
}

export const defaultPageSize = 50;

/** Makes a page of `limit + 1` rows that were read; `key` gives the sort key that the next page begins after. */
export function toPage<T>(rows: T[], limit: number, key: (last: T) => string[]): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  if (rows.length <= limit || last === undefined) return { items };
  return { items, nextCursor: Buffer.from(JSON.stringify(key(last))).toString('base64url') };
}

/** Reads a cursor of `length` texts whose last is a UUID; throws `VALIDATION_FAILED` for one that we did not make. */
export function parseCursor(cursor: string | undefined, length: number): string[] | undefined {
  if (cursor === undefined) return undefined;
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const fits =
      Array.isArray(parts) &&
      parts.length === length &&
      parts.every((part) => typeof part === 'string' && part.isWellFormed() && !part.includes('\0'));
    if (fits && isUuid(parts.at(-1))) return parts;
  } catch {
    // not JSON: the error below says what to do
  }
  throw unknownCursor();
}

/** Reads a cursor of a time, as {@link Date.toISOString} spells it, and a UUID; throws as {@link parseCursor} does. */
export function parseTimeCursor(cursor: string | undefined): [time: string, id: string] | undefined {
  const [time, id] = parseCursor(cursor, 2) ?? [];
  if (time === undefined || id === undefined) return undefined;
  if (time.length !== 24 || toTime(time) !== time || time < '0001') throw unknownCursor(); // PostgreSQL has no year 0
  return [time, id];
}

/** `undefined` for what is no time. */
function toTime(text: string): string | undefined {
  const date = new Date(text);
  return Number.isNaN(date.valueOf()) ? undefined : date.toISOString();
}

/** `VALIDATION_FAILED` for a cursor that no list answered, or another one. */
export function unknownCursor(): AppError {
  return validationFailed([{ field: 'cursor', problem: 'is not one that a list answered' }]);
}
