import { validationFailed } from './validation-failed';

/** More than any request of ours has. What comes after parsing may then walk a value without counting. */
const maxDepth = 64;

const quote = 0x22;
const backslash = 0x5c;
const opening = new Set([0x5b, 0x7b]);
const closing = new Set([0x5d, 0x7d]);

/**
 * Throws `VALIDATION_FAILED` for a JSON text that is nested deeper than 64 levels, before it is parsed. One pass over the text,
 * no recursion. A text that is no JSON is the parser's to refuse.
 */
export function assertShallowJson(text: string): void {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charCodeAt(index);
    if (inString) {
      if (character === backslash) index += 1;
      else if (character === quote) inString = false;
    } else if (character === quote) inString = true;
    else if (opening.has(character)) {
      depth += 1;
      if (depth > maxDepth)
        throw validationFailed([{ field: '', problem: `is nested deeper than ${maxDepth} levels` }]);
    } else if (closing.has(character)) depth -= 1;
  }
}
