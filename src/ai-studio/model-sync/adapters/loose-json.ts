/** Reading of answers that nobody promised to keep in shape: what is not as expected is as if it were absent. */

/** The object, or an empty one. */
export function asRecord(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

/** The texts of a list; empty for what is no list. */
export function textsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

/** The list in a field of the answer; `undefined` if there is none. */
export function listIn(body: unknown, field: string): unknown[] | undefined {
  const list = asRecord(body)[field];
  return Array.isArray(list) ? list : undefined;
}

/** True and false as they are, all else unknown. */
export function asBoolean(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
