/*
 * Instructions are text for models with `{{names}}` in it that are replaced by values. There is no logic in them: no
 * conditions, loops or calls. `\{{` is a literal `{{`.
 */

/** The names that every layer of instructions may use. An agent adds its own variables. */
export const instructionVariables = ['userName', 'teamName', 'userLanguage', 'date'] as const;

/** A name of {@link instructionVariables}. */
export type InstructionVariable = (typeof instructionVariables)[number];

/** Text that stands as it is, or the name of a value. */
export type TemplatePart = string | { variable: string };

/** Characters of one layer that a team or a user writes in configuration. */
export const maxInstructionsLength = 20_000;

const mark = /\\\{\{|\{\{[ \t]*([a-zA-Z][a-zA-Z0-9]{0,39})[ \t]*\}\}|\{\{/g;

/**
 * Reads a template. What is no mark stands as it is, and so does a mark that cannot be read:
 * {@link findInstructionProblems} keeps such from being saved.
 */
export function parseTemplate(text: string): TemplatePart[] {
  const parts: TemplatePart[] = [];
  let end = 0;
  for (const match of text.matchAll(mark)) {
    const [whole, variable] = match;
    if (match.index > end) parts.push(text.slice(end, match.index));
    parts.push(variable === undefined ? '{{' : { variable });
    end = match.index + whole.length;
  }
  if (end < text.length) parts.push(text.slice(end));
  return parts;
}

/**
 * What keeps `text` from being saved as instructions: marks that cannot be read, names that are none of `variables`,
 * characters that cannot be seen. Each a phrase that follows the field's name, with what to write instead.
 */
export function findInstructionProblems(text: string, variables: readonly string[]): string[] {
  const problems = new Set(findCharacterProblems(text));
  let uses = 0;
  for (const { 0: whole, 1: variable, index } of text.matchAll(mark)) {
    if (whole === '\\{{') continue;
    uses += 1;
    if (variable === undefined)
      problems.add(
        `has {{ at character ${index + 1} that no variable follows: write {{${variables[0] ?? 'name'}}}, or \\{{ for the two braces themselves`,
      );
    else if (!variables.includes(variable))
      problems.add(`uses {{${variable}}}, which is no variable here: there are ${variables.join(', ')}`);
    if (problems.size >= maxProblems) break;
  }
  if (uses > maxUses) problems.add(`uses variables ${uses} times: at most ${maxUses} times`);
  return [...problems];
}

const maxProblems = 20;
/** What is short to write may be long to send. */
const maxUses = 200;

/*
 * Control characters but tab and line breaks; embeddings, overrides and isolates of text direction; interlinear
 * annotation; tag characters and the variation selectors beyond the first sixteen, in which whole messages have been hidden. Nobody sees them, and text with them does not say what it shows: instructions can be hidden
 * in them from the admin who reads a text, but not from the model (Unicode TR36 and TR55). Marks that scripts and emoji
 * need (LRM, RLM, ALM, joiners, the first sixteen selectors, one at a time) may stay.
 */
const unseen =
  // oxlint-disable-next-line no-control-regex -- refusing them is the purpose
  /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069\uFFF9-\uFFFB\u{E0000}-\u{E01EF}]|[\uFE00-\uFE0F]{2}/u;
const allUnseen = new RegExp(unseen, 'gu');

/** What keeps `text` from being shown to people or models: characters that cannot be seen. A phrase each, or none. */
export function findCharacterProblems(text: string): string[] {
  const index = text.search(unseen);
  if (index < 0) return [];
  const code = (text.codePointAt(index) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  return [
    `has the character U+${code} at position ${index + 1}, which nobody can see and which can hide what a text says: remove it`,
  ];
}

/** `text` without what {@link findCharacterProblems} refuses. */
export function withoutUnseen(text: string): string {
  return unseen.test(text) ? text.replace(allUnseen, '') : text;
}

/** The beginning of a text, not cut in the middle of a character. */
export function cutText(text: string, length: number): string {
  return text.slice(0, length).replace(/[\uD800-\uDBFF]$/, '');
}

/** Turns text from before there were templates into one that says the same. */
export function toTemplate(text: string): string {
  return withoutUnseen(text).replaceAll('{{', '\\{{');
}
