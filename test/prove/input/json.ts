/** JSON as a value; `undefined` where it is none. */
// oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers whose shape they check
export function parse(text: string): any {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
