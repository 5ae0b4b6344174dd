import { cutText, withoutUnseen } from '@kdx/shared';

export const titleLength = 80;

/** Around a title: quotes of many languages, Markdown's marks, the marks of a list. */
const wrapping = /^[\s"'`*_#>~\-–—•«»„“”‘’‹›「」『』]+|[\s"'`*_#~«»„“”‘’‹›「」『』]+$/gu;

/** Markdown within it: emphasis and code lose their marks, links their address. */
function withoutMarkdown(line: string): string {
  return line
    .replace(/!?\[([^[\]]*)\]\([^()]*\)/g, '$1')
    .replace(/\*\*|__|`/g, '')
    .replace(/(?<![\p{L}\p{N}])[*_](?=\S)|(?<=\S)[*_](?![\p{L}\p{N}])/gu, '');
}

/**
 * What a model gave for a title, as a title: its first line that says something, plain, at most 80 characters, without
 * characters that nobody sees. `''` where nothing is left.
 */
export function toCleanTitle(text: string): string {
  const lines = text.toWellFormed().split(/[\r\n\u2028\u2029\v\f\u0085]+/);
  const titles = lines.map((line) =>
    withoutMarkdown(withoutUnseen(line.replace(/\p{Cc}/gu, ' ')))
      .replace(wrapping, '')
      .replace(/^(?:title|titel|titre|título|titolo)\s*[:：]\s*/iu, '')
      .replace(wrapping, '')
      .replace(/\s+/g, ' ')
      .trim(),
  );
  const title = titles.find((line) => /[\p{L}\p{N}]/u.test(line)) ?? '';
  return cutText(title, titleLength).trim();
}
