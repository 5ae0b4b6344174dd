/**
 * The sandbox's token: up to 16 letters, digits or underscores, or one other visible character, together with
 * up to 8 characters of white space that follow it (white space alone at the very start, or beyond the 8, is
 * a token too). The bounds keep every token, and so every stream part, small.
 *
 * Every position of every string, lone surrogates included, begins one of the three alternatives, so nothing is
 * lost between two tokens; and none splits a code point.
 */
const tokenPattern = /[\p{L}\p{M}\p{N}_]{1,16}\s{0,8}|\S\s{0,8}|\s{1,8}/gu;

/** The tokens of a text, in order. Their concatenation is the text, byte for byte; `''` has none. */
export function tokenize(text: string): string[] {
  return text.match(tokenPattern) ?? [];
}

/** How many tokens `tokenize` would give. */
export function countTokens(text: string): number {
  return tokenize(text).length;
}
