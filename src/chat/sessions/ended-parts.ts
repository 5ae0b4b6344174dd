/** Parts as an ended answer has them: however it ended, nothing in them is still being written. */
export function toEndedParts<Part extends object>(parts: Part[]): Part[] {
  return parts.map((part) =>
    'state' in part && part.state === 'streaming' ? { ...part, state: 'done' } : part,
  );
}
