import { randomBytes } from 'node:crypto';

/** Contents to look through, by the name of the place; a place may have many. */
export type Places = Record<string, Buffer[]>;

/** A secret that was found where it must not be. */
export interface Hit {
  secret: string;
  encoding: Encoding;
  place: string;
}

/** Each in the spellings that it may have: in the middle of a longer text, base64 has three. */
const encodings = {
  raw: (bytes: Buffer) => [bytes],
  base64: (bytes: Buffer) => inBase64(bytes, 'base64'),
  base64url: (bytes: Buffer) => inBase64(bytes, 'base64url'),
  hex: (bytes: Buffer) => [Buffer.from(bytes.toString('hex'))],
  'upper-case hex': (bytes: Buffer) => [Buffer.from(bytes.toString('hex').toUpperCase())],
  'URL-encoded': (bytes: Buffer) => [Buffer.from(encodeURIComponent(bytes.toString('latin1')))],
  reversed: (bytes: Buffer) => [Buffer.from(bytes).reverse()],
  'JSON-escaped': (bytes: Buffer) => [Buffer.from(JSON.stringify(bytes.toString('latin1')).slice(1, -1))],
  'UTF-16LE': (bytes: Buffer) => [Buffer.from(bytes.toString('latin1'), 'utf16le')],
} as const;

export type Encoding = keyof typeof encodings;
export const encodingNames = Object.keys(encodings) as Encoding[]; // keys of a const object are exactly its names

/**
 * Secrets that are planted, and the search for them. Each key that is made here holds the same rare word: where no
 * spelling of the word is, there is none of the keys, nor a part of one. That makes a search of gigabytes quick.
 */
export class Canaries {
  readonly planted = new Map<string, Buffer>();
  private readonly adopted = new Map<string, { bytes: Buffer; except: readonly string[] }>();
  private readonly word = randomBytes(24)
    .toString('base64')
    .replace(/[^A-Za-z0-9]/g, '')
    .slice(0, 14);

  /** A new secret, of characters that each encoding spells in its own way. `what` says for what it is. */
  plant(what: string, prefix = 'sk-'): string {
    const key = `${prefix}${this.word}${randomBytes(12).toString('hex')}+/="%\\`;
    this.planted.set(what, Buffer.from(key));
    return key;
  }

  /** A secret of somebody else's making. @param except places that may hold it */
  adopt(what: string, secret: string | Buffer, except: readonly string[] = []): void {
    this.adopted.set(what, { bytes: Buffer.from(secret), except });
  }

  get count(): number {
    return this.planted.size + this.adopted.size;
  }

  /** Every secret in every encoding in every place. */
  search(places: Places): Hit[] {
    return Object.entries(places).flatMap(([place, contents]) =>
      encodingNames.flatMap((encoding) => {
        const holds = (bytes: Buffer) =>
          encodings[encoding](bytes).some((spelling) =>
            contents.some((content) => content.includes(spelling)),
          );
        const found: string[] = [];
        if (holds(Buffer.from(this.word))) {
          const whole = [...this.planted].filter(([, bytes]) => holds(bytes)).map(([what]) => what);
          found.push(...(whole.length > 0 ? whole : ['a part of some key']));
        }
        for (const [what, { bytes, except }] of this.adopted)
          if (!except.includes(place) && holds(bytes)) found.push(what);
        return found.map((secret) => ({ secret, encoding, place }));
      }),
    );
  }
}

/** All spellings of a text, for showing that each is found. */
export function spellingsOf(text: string, encoding: Encoding): Buffer[] {
  return encodings[encoding](Buffer.from(text));
}

/** Without the digits at both ends, which depend on the neighbours. */
function inBase64(bytes: Buffer, variant: 'base64' | 'base64url'): Buffer[] {
  return [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes, Buffer.alloc(2)]).toString(variant);
    return Buffer.from(
      text.slice(Math.ceil((offset * 4) / 3), Math.floor(((offset + bytes.length) * 4) / 3)),
    );
  });
}
