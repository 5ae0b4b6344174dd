import { inspect } from 'node:util';

const placeholder = '[secret]';

/**
 * A secret that cannot be printed by accident. The value lives in a `#private` field, which no spread, key
 * listing, clone, inspector option or serialiser reaches; every conversion to text gives `[secret]`.
 * A forgotten `reveal()` therefore fails visibly (`Bearer [secret]`) instead of leaking.
 */
export class SecretString {
  readonly #value: string;
  readonly #onReveal: (() => void) | undefined;

  /** @param onReveal Called before each `reveal()` returns, to count or audit; if it throws, nothing is revealed. */
  constructor(value: string, onReveal?: () => void) {
    this.#value = value;
    this.#onReveal = onReveal;
  }

  /** The secret itself. Call it where the value leaves for its one purpose, and keep no copy. */
  reveal(): string {
    this.#onReveal?.();
    return this.#value;
  }

  toString(): string {
    return placeholder;
  }

  toJSON(): string {
    return placeholder;
  }

  [Symbol.toPrimitive](): string {
    return placeholder;
  }

  [inspect.custom](): string {
    return placeholder;
  }
}
