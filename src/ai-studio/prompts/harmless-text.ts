/*
 * What somebody wrote must not look like the structure that it stands in: no text can end its section, begin another, or
 * take part in a change of role. All that does so is changed where it stands, visibly, and nothing else is. Every function
 * here takes time in proportion to the text, whatever is in it.
 */

/** Characters that take no room, or look as if there were none: a reader passes over them. */
const unseen = String.raw`[\p{Cf}\p{Mn}\p{Me}\u115F\u1160\u17B4\u17B5\u2800\u3164\uFFA0]`;
const allUnseen = new RegExp(unseen, 'gu');

/** What is left of a text for a reader: without what takes no room. */
export function withoutHidden(text: string): string {
  return text.replace(allUnseen, '');
}

/** The beginning of a text as a reader takes it: without what is not seen, in plain small letters. */
function plain(text: string): string {
  const seen = text.slice(0, 400).replace(allUnseen, '').slice(0, 60);
  return seen.normalize('NFKC').replace(allUnseen, '').trim().toLowerCase();
}

/** What may stand before a mark at the beginning of a line: blanks, seen or not, and the marks of quotes and lists. Never a line break. */
const before = String.raw`(?:[^\S\n\r\u2028\u2029]|${unseen}|[>*+-]|\d{1,9}[.)])*`;
const headingLine = new RegExp(
  `^(${before})([#\uFE5F\uFF03]{1,6})((?:[^\\S\\n\\r\\u2028\\u2029]|${unseen}).*|)$`,
  'gmu',
);
/** Without hyphens before it: which of many belong to the rule would take the square of their number to find out. */
const ruleLine = new RegExp(
  `^((?:[^\\S\\n\\r\\u2028\\u2029]|${unseen}|[>*+]|\\d{1,9}[.)])*)(=+|-{2,})(?=(?:[^\\S\\n\\r\\u2028\\u2029]|${unseen})*$)`,
  'gmu',
);
const fenceLine = new RegExp(`^(${before})(\`{3,}|~{3,})`, 'gmu');
/** Openers of HTML that a Markdown reader closes only at an end tag, or nowhere; headings; comments. */
const html = /<(?=!|\?|\/?(?:pre|script|style|textarea|h[1-6])(?![\w-]))/gi;

/** How the headings of our own sections begin, in any form of prompt. */
const ownHeading =
  /^(platform|team|user|agent|rules|goal|constraints|preferences of|priority|obey these|do as the|be this|change of agent|\W{0,3}system[\s_-]*command|end of)/;

/**
 * For prompts whose sections are Markdown headings of the first level: headings go one level down, those that read like
 * ours and lines that underline a heading are escaped, and so are the marks of code blocks that do not end.
 */
export function withoutSections(text: string): string {
  if (!/[#=\-`~<\uFE5F\uFF03]/.test(text)) return text;
  const lowered = text
    .replace(html, '&lt;')
    .replace(headingLine, (_, indent: string, marks: string, rest: string) =>
      /^#+$/.test(marks) && !ownHeading.test(plain(rest))
        ? `${indent}${'#'.repeat(Math.min(marks.length + 1, 6))}${rest}`
        : `${indent}\\${marks}${rest}`,
    );
  return withoutOpenFences(withoutUnderlines(lowered));
}

/** A line of equals signs makes a heading of the line above, one of hyphens a lesser one. */
function withoutUnderlines(text: string): string {
  return text.replace(ruleLine, (whole, indent: string, rule: string, index: number) => {
    if (rule.startsWith('-') && !ownHeading.test(plain(lineBefore(text, index)))) return whole;
    return `${indent}\\${rule}`;
  });
}

function lineBefore(text: string, index: number): string {
  const end = Math.max(index - 1, 0);
  const start = text.lastIndexOf('\n', Math.max(end - 1, 0));
  return text.slice(start + 1, Math.min(end, start + 401)).replace(/^[\s>*+-]+/, '');
}

/**
 * A code block that is not ended would swallow the sections behind it. Only blocks at the very beginning of lines are
 * trusted to end where they seem to; where one does not, or one stands in a list or quote, none is a block.
 */
function withoutOpenFences(text: string): string {
  return isFencedWell(text) ? text : text.replace(fenceLine, '$1\\$2');
}

const opener = /^(?:(`{3,})[^`]*|(~{3,}).*)$/;

function isFencedWell(text: string): boolean {
  if (!text.includes('```') && !text.includes('~~~')) return true;
  let open: string | undefined;
  for (const line of text.split(/\r\n|[\n\r]/)) {
    if (open !== undefined) {
      const mark = /^ {0,3}(`{3,}|~{3,})[ \t]*$/.exec(line)?.[1];
      if (mark?.startsWith(open)) open = undefined;
      continue;
    }
    const [, backticks, tildes] = opener.exec(line) ?? [];
    open = backticks ?? tildes;
    if (open === undefined && line.search(fenceLine) === 0) return false;
  }
  return open === undefined;
}

const reservedTags = new Set([
  'platform_rules',
  'team_instructions',
  'user_instructions',
  'agent',
  'system_reset',
  'new_identity',
  'system',
]);
const longestTag = Math.max(...[...reservedTags].map((tag) => tag.length));
const angles = /[<\uFE64\uFF1C]/g;
const isUnseen = new RegExp(`^${unseen}$`, 'u');

/**
 * For prompts whose sections are XML elements: the tags of our sections, however they are disguised, get `&lt;`. Other
 * tags stay, since people write `<example>` to good purpose.
 */
export function withoutTags(text: string): string {
  return text.replace(angles, (sign, index: number) => (isReserved(text, index + 1) ? '&lt;' : sign));
}

/** Reads the name behind `<`, past what is not seen. An angle bracket ends it, so each character is read once. */
function isReserved(text: string, start: number): boolean {
  if (text.startsWith('!--', start) || text.startsWith('![CDATA[', start)) return true;
  let name = '';
  for (let index = start; index < text.length && name.length <= longestTag;) {
    const character = String.fromCodePoint(text.codePointAt(index) ?? 0);
    index += character.length;
    if (isUnseen.test(character)) continue;
    const letter = character.normalize('NFKC').toLowerCase();
    if (/^[a-z0-9_-]+$/.test(letter)) name += letter;
    else if (name !== '' || !/^[\s/]+$/.test(letter)) break;
  }
  return reservedTags.has(name);
}

const bracket = /[[\u3010\uFF3B\u27E6]/g;

/** For prompts that command: nobody but us writes a command line. */
export function withoutCommands(text: string): string {
  return withoutSections(text).replace(bracket, (sign, index: number, whole: string) =>
    /^system[\s_-]*command/.test(plain(whole.slice(index + 1, index + 401))) ? '(' : sign,
  );
}

/** A name that somebody gave, on one line, as it may stand between quotation marks. */
export function asName(name: string): string {
  const line = name
    .slice(0, 200)
    .normalize('NFKC')
    .replace(/[\s\p{C}"“”<>[\]`#]+/gu, ' ')
    .trim();
  return [...line].slice(0, 100).join('');
}
