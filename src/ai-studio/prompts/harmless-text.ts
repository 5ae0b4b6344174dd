/*
 * What somebody wrote must not look like the structure that it stands in: no text can end its section, begin another, or
 * take part in a change of role. All that does so is changed where it stands, visibly, and nothing else is.
 */

/** What may stand before a mark at the beginning of a line, seen or not. Never a line break: time stays linear. */
const blank = String.raw`(?:[^\S\n\r\u2028\u2029]|\p{Cf})`;
const headingLine = new RegExp(`^(${blank}*)(#{1,6})((?:${blank}.*)?)$`, 'gmu');
/** A line of equals signs makes a heading of the line above. */
const underline = new RegExp(`^(${blank}*)(?==+${blank}*$)`, 'gmu');
const fence = /^[ \t]*(`{3,}|~{3,})/;

/** How the headings of our own sections begin, in any form of prompt. */
const ownHeading =
  /^(platform|team|user|agent|rules|goal|constraints|preferences of|priority|obey these|do as the|be this|change of agent|new identity|\[system)/;

/**
 * For prompts whose sections are Markdown headings of the first level: headings go one level down, those that read like
 * ours and lines that underline a heading are escaped, and a code block or comment that was left open ends with the text.
 */
export function withoutSections(text: string): string {
  if (!/[#=`~]|<!--/.test(text)) return text;
  const lowered = text
    .replace(headingLine, (_, indent: string, marks: string, rest: string) =>
      ownHeading.test(plain(rest))
        ? `${indent}\\${marks}${rest}`
        : `${indent}${'#'.repeat(Math.min(marks.length + 1, 6))}${rest}`,
    )
    .replace(underline, '$1\\')
    .replaceAll('<!--', '&lt;!--');
  const open = openFence(lowered);
  return open === undefined ? lowered : `${lowered}\n${open}`;
}

/** What a reader takes it for: without what is not seen, in plain letters. */
function plain(text: string): string {
  return text
    .normalize('NFKC')
    .replace(/\p{Cf}/gu, '')
    .trim()
    .toLowerCase();
}

/** The mark that ends a code block which the text leaves open. */
function openFence(text: string): string | undefined {
  if (!text.includes('```') && !text.includes('~~~')) return undefined;
  let open: string | undefined;
  for (const line of text.split(/\r\n|[\n\r\u2028\u2029]/)) {
    const mark = fence.exec(line)?.[1];
    if (mark === undefined) continue;
    if (open === undefined) open = mark;
    else if (mark.startsWith(open) && line.trim() === mark) open = undefined;
  }
  return open;
}

const reservedTag =
  /^\/?(platform_rules|team_instructions|user_instructions|agent|system_reset|new_identity|system)(?![a-z0-9_-])/;
const angle = /[<\uFE64\uFF1C]/;
const angles = /[<\uFE64\uFF1C]/g;
/** The longest tag name, with as much that is not seen between its letters as anybody would read over. */
const lookAhead = 80;

/**
 * For prompts whose sections are XML elements: the tags of our sections, however they are disguised, get `&lt;`. Other
 * tags stay, since people write `<example>` to good purpose.
 */
export function withoutTags(text: string): string {
  if (!angle.test(text)) return text;
  return text.replace(angles, (sign, index: number) => (isReserved(text, index) ? '&lt;' : sign));
}

function isReserved(text: string, index: number): boolean {
  const rest = text.slice(index + 1, index + 1 + lookAhead);
  if (rest.startsWith('!--') || rest.startsWith('![CDATA[')) return true;
  return reservedTag.test(
    rest
      .normalize('NFKC')
      .replace(/[\s\p{Cf}]/gu, '')
      .toLowerCase(),
  );
}

/** For prompts that command: nobody but us writes a command line. */
export function withoutCommands(text: string): string {
  return withoutSections(text).replace(/\[(?=[\s\p{Cf}]*SYSTEM[\s\p{Cf}]+COMMAND)/giu, '(');
}

/** A name that somebody gave, on one line, as it may stand between quotation marks. */
export function asName(name: string): string {
  return name
    .normalize('NFKC')
    .replace(/[\s\p{C}"“”<>[\]`#]+/gu, ' ')
    .trim()
    .slice(0, 100);
}
