import { badRequest } from './failures';

const readers = {
  tokensPerSecond: Number,
  failAt: Number,
  failWith: String,
  answer: String,
  reasoning: String,
  usage: String,
  repeat: Number,
} as const;

type DirectiveKey = keyof typeof readers;

const linePattern = /^[ \t]*\/sandbox(?=\s|$)(.*)$/gm;
const settingPattern = /\s+([A-Za-z]\w*)=("(?:[^"\\]|\\.)*"|[^\s"]+)(?=\s|$)/y;

/**
 * Reads the settings out of the `/sandbox` lines of a text:
 *
 * ```
 * line    = "/sandbox" { white-space key "=" value }     alone on its line
 * key     = a field of SandboxSettings
 * value   = a run of characters without white space or quotes | a JSON string
 * ```
 *
 * For example `/sandbox tokensPerSecond=20 failAt=5 failWith=cut` or `/sandbox answer="two\nlines"`.
 * All such lines count; of a key that is given twice, the last value. Ranges are not checked here.
 *
 * @throws APICallError 400 for an unknown key (it lists the known ones) and for a line that breaks the grammar.
 */
export function parseDirectives(text: string): Partial<Record<DirectiveKey, number | string>> {
  const settings: Partial<Record<DirectiveKey, number | string>> = {};
  for (const [, line = ''] of text.matchAll(linePattern)) {
    for (const [key, value] of readLine(line.trimEnd())) settings[key] = readers[key](value);
  }
  return settings;
}

function* readLine(line: string): Generator<[DirectiveKey, string]> {
  let end = 0;
  while (end < line.length) {
    settingPattern.lastIndex = end;
    const [whole, key, value] = settingPattern.exec(line) ?? [];
    if (whole === undefined || key === undefined || value === undefined) {
      throw badRequest(`Cannot read "${line.slice(end).trim()}". Write /sandbox key=value key="two words".`);
    }
    yield [toKey(key), value.startsWith('"') ? unquote(value) : value];
    end += whole.length;
  }
}

function toKey(name: string): DirectiveKey {
  // Object.keys is typed as string[]; the object is a literal of this file, so its keys are exactly these.
  const known = Object.keys(readers) as DirectiveKey[];
  const key = known.find((candidate) => candidate === name);
  if (key === undefined) throw badRequest(`/sandbox has no key "${name}". It knows: ${known.join(', ')}.`);
  return key;
}

function unquote(value: string): string {
  try {
    return String(JSON.parse(value));
  } catch {
    throw badRequest(`${value} is not a JSON string.`);
  }
}
