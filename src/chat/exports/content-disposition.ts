/**
 * A `Content-Disposition` (RFC 6266) for a name that somebody else chose: the plain form in ASCII that nothing can break
 * out of, and the whole name beside it (RFC 8187).
 */
export function contentDisposition(kind: 'attachment' | 'inline', name: string): string {
  const safe = name
    .toWellFormed()
    .normalize('NFC')
    .replace(/[\p{C}\p{Zl}\p{Zp}/\\:*?"<>|%]+/gu, '_') // no control, path or wildcard of any system
    .replace(/^[.\s]+|[.\s]+$/g, '')
    .slice(0, 150)
    .toWellFormed();
  const whole = safe === '' ? 'file' : safe;
  const ascii = whole.replace(/[^\x20-\x7e]/g, '_');
  const encoded = encodeURIComponent(whole).replace(
    /['()*!]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `${kind}; filename="${ascii}"${ascii === whole ? '' : `; filename*=UTF-8''${encoded}`}`;
}
