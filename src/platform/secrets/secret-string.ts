import { createHash, timingSafeEqual } from 'node:crypto';
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

  /** Whether somebody who says that they know it does. How long that takes tells nothing of it. */
  equals(candidate: string): boolean {
    return timingSafeEqual(digest(this.#value), digest(candidate));
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

/** Of one length, whatever the text: what is compared in constant time has to be. */
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
