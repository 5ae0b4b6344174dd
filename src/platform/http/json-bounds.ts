import { validationFailed } from './validation-failed';

/** More than any request of ours has. What comes after parsing may then walk a value without counting. */
const maxDepth = 64;
/** Lists and objects. A conversation of 10,000 messages has three each; they cost whoever walks them more than numbers. */
const maxHolders = 50_000;
/** Of any kind. What is accepted of a comparison of models are four lists of 50,000 names. */
const maxValues = 250_000;

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const opening = new Set([0x5b, 0x7b]);
const closing = new Set([0x5d, 0x7d]);

/**
 * Throws `VALIDATION_FAILED` for a JSON text that is nested deeper than 64 levels, or has more than 50,000 lists and objects
 * or 250,000 values, before it is parsed. One pass over the text, no recursion. A text that is no JSON is the parser's to
 * refuse.
 */
export function assertBoundedJson(text: string): void {
  let depth = 0;
  let holders = 0;
  let commas = 0;
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charCodeAt(index);
    if (character === quote) index = findEndOfString(text, index + 1);
    else if (character === comma) commas += 1;
    else if (opening.has(character)) {
      depth += 1;
      holders += 1;
      if (depth > maxDepth) refuse(`is nested deeper than ${maxDepth} levels`);
      if (holders > maxHolders) refuse(`must have at most ${maxHolders} lists and objects`);
    } else if (closing.has(character)) depth -= 1;
  }
  // Each value but the first of a list or object has a comma before it.
  if (holders + commas > maxValues) refuse(`must have at most ${maxValues} values`);
}

/** The place of the closing quote, or behind the text where there is none. Jumps: a string may be most of the text. */
function findEndOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charCodeAt(end - 1 - backslashes) === backslash) backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}

function refuse(problem: string): never {
  throw validationFailed([{ field: '', problem }]);
}
