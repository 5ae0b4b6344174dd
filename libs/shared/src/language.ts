const names = new Intl.DisplayNames(['en'], { type: 'language' });

/** The English name of a BCP 47 language tag, such as `German` for `de`; `undefined` for a tag that names no language. */
export function findLanguageName(tag: string): string | undefined {
  try {
    return names.of(tag);
  } catch {
    return undefined; // not a tag, or one with extensions, which name no language
  }
}
