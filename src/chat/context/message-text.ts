/** The text of a message's parts: what a person reads of it. Reasoning, files and tools are left out. */
export function toText(parts: readonly object[]): string {
  return parts
    .flatMap((part) =>
      'type' in part && part.type === 'text' && 'text' in part && typeof part.text === 'string'
        ? part.text
        : [],
    )
    .join('\n')
    .trim();
}
