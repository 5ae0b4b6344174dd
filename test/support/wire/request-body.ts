/** Reading what clients send: lenient, for an encoder needs little of it. */

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A field of a body that may be anything. */
export function field(body: unknown, name: string): unknown {
  return isRecord(body) ? body[name] : undefined;
}

/** The first of `names` that the body lacks. */
export function findMissing(body: unknown, names: readonly string[]): string | undefined {
  return names.find((name) => field(body, name) === undefined);
}

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * The text of the last turn with role `user`. One function serves all the protocols: turns hold `content` or, at
 * Google, `parts`, either a string or a list of objects of which the textual ones have `text`; the Responses
 * API also takes a bare string for the whole input.
 */
export function findLastUserText(turns: unknown): string {
  if (typeof turns === 'string') return turns;
  if (!Array.isArray(turns)) return '';
  const turn: unknown = turns.findLast((candidate) => field(candidate, 'role') === 'user');
  const content = field(turn, 'content') ?? field(turn, 'parts');
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part) => field(part, 'text'))
    .filter((text) => typeof text === 'string')
    .join('');
}
