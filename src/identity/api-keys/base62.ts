/** In the order of ASCII, so that texts of one width sort as their numbers do. */
const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const base = BigInt(digits.length);

/** Characters that `bytes` bytes take. */
export function base62Width(bytes: number): number {
  return Math.ceil((bytes * 8) / Math.log2(digits.length));
}

/** Letters and digits alone: a double click selects the whole. Always {@link base62Width} characters. */
export function toBase62(bytes: Buffer): string {
  let rest = BigInt(`0x${bytes.toString('hex') || '0'}`);
  let text = '';
  for (let left = base62Width(bytes.length); left > 0; left -= 1) {
    text = `${digits[Number(rest % base)]}${text}`;
    rest /= base;
  }
  return text;
}

/** The bytes of a text that {@link toBase62} made of as many; `undefined` for any other. */
export function fromBase62(text: string, bytes: number): Buffer | undefined {
  if (text.length !== base62Width(bytes)) return undefined;
  let value = 0n;
  for (const character of text) {
    const digit = digits.indexOf(character);
    if (digit < 0) return undefined;
    value = value * base + BigInt(digit);
  }
  const hex = value.toString(16).padStart(bytes * 2, '0');
  return hex.length === bytes * 2 ? Buffer.from(hex, 'hex') : undefined;
}
