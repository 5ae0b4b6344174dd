import * as fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { findRefusedRange, refusedRanges } from './address-ranges';
import { EgressGuard } from './egress-guard';
import { refusalOf } from './egress.spec-support';

type Bytes = readonly number[];

/** Any address of a block of the table: its first bits are the block's, the rest is free. */
function addressIn(cidr: string): fc.Arbitrary<Bytes> {
  const [network, bits] = ipaddr.parseCIDR(cidr);
  const fixed = network.toByteArray();
  return fc.uint8Array({ minLength: fixed.length, maxLength: fixed.length }).map((free) =>
    fixed.map((byte, index) => {
      const keep = Math.max(0, Math.min(8, bits - index * 8));
      const mask = (0xff << (8 - keep)) & 0xff;
      return (byte & mask) | ((free[index] ?? 0) & ~mask & 0xff);
    }),
  );
}

/** One number in decimal, octal (with more zeros) or hexadecimal, as WHATWG URL reads them. */
function numberSpelling(value: number): fc.Arbitrary<string> {
  return fc.constantFrom(
    String(value),
    `0${value.toString(8)}`,
    `000${value.toString(8)}`,
    `0x${value.toString(16)}`,
    `0X${value.toString(16).toUpperCase()}`,
    `0x00${value.toString(16)}`,
  );
}

/** A part as it stands, in full-width digits, or with its first digit escaped: all the same to `URL`. */
function disguise(text: string): fc.Arbitrary<string> {
  return fc.constantFrom(
    text,
    text.replace(/[0-9]/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
    text.replace(/^[0-9]/, (digit) => `%3${digit}`),
  );
}

/** Of one to four parts, the last one filling the rest, with or without a trailing dot. */
function spellingsV4(bytes: Bytes): fc.Arbitrary<string> {
  const dots = fc.constantFrom('.', '。', '．', '｡', '%2E', '%2e');
  return fc
    .tuple(fc.integer({ min: 1, max: 4 }), dots, fc.constantFrom('', '.'))
    .chain(([count, dot, end]) => {
      const last = bytes.slice(count - 1).reduce((sum, byte) => sum * 256 + byte, 0);
      const parts = [...bytes.slice(0, count - 1), last].map((part) => numberSpelling(part).chain(disguise));
      return fc.tuple(...parts).map((texts) => texts.join(dot) + end);
    });
}

function spellingsV6(bytes: Bytes): fc.Arbitrary<string> {
  const groups = Array.from(
    { length: 8 },
    (_, index) => (bytes[index * 2] ?? 0) * 256 + (bytes[index * 2 + 1] ?? 0),
  );
  const full = groups.map((group) => group.toString(16).padStart(4, '0'));
  const dotted = [...full.slice(0, 6), bytes.slice(12).join('.')].join(':');
  const short = new ipaddr.IPv6([...bytes]).toString();
  return fc
    .constantFrom(full.join(':'), groups.map((group) => group.toString(16)).join(':'), dotted, short)
    .chain((text) => fc.constantFrom(`[${text}]`, `[${text.toUpperCase()}]`));
}

const spellings = (bytes: Bytes) => (bytes.length === 4 ? spellingsV4(bytes) : spellingsV6(bytes));
const guard = new EgressGuard({ allowHosts: [] });

describe('a literal', () => {
  it('should be refused in any spelling when it lies in any refused block', async () => {
    const hostile = fc
      .constantFrom(...refusedRanges.map(([cidr]) => cidr))
      .chain(addressIn)
      .chain(spellings);
    await fc.assert(
      fc.asyncProperty(hostile, async (host) => {
        const url = `https://${host}/v1`;
        expect(await refusalOf(guard.checkUrl(url))).toMatchObject({ reason: 'address' });
        expect(await refusalOf(guard.fetch(url))).toMatchObject({ reason: 'address' });
      }),
      { numRuns: 3_000 },
    );
  });

  it('should be refused when it carries any IPv4 address, public ones too', async () => {
    const carriers: ((v4: Bytes) => Bytes)[] = [
      (v4) => [...Array<number>(12).fill(0), ...v4],
      (v4) => [...Array<number>(10).fill(0), 0xff, 0xff, ...v4],
      (v4) => [...Array<number>(8).fill(0), 0xff, 0xff, 0, 0, ...v4],
      (v4) => [0, 0x64, 0xff, 0x9b, ...Array<number>(8).fill(0), ...v4],
      (v4) => [0x20, 0x02, ...v4, ...Array<number>(10).fill(0)],
      (v4) => [0x20, 0x01, 0, 0, ...Array<number>(8).fill(0), ...v4.map((byte) => byte ^ 0xff)],
    ];
    const hostile = fc
      .tuple(fc.constantFrom(...carriers), fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)))
      .chain(([carry, v4]) => spellingsV6(carry(v4)));
    await fc.assert(
      fc.asyncProperty(hostile, async (host) => {
        expect(await refusalOf(guard.checkUrl(`https://${host}/`))).toMatchObject({ reason: 'address' });
      }),
      { numRuns: 1_000 },
    );
  });

  it('should be accepted in any spelling when it is public unicast', async () => {
    const open = fc
      .oneof(addressIn('0.0.0.0/0'), addressIn('2000::/3'))
      .filter((bytes) => findRefusedRange(ipaddr.fromByteArray([...bytes]).toString()) === null)
      .chain(spellings);
    await fc.assert(
      fc.asyncProperty(open, async (host) => {
        expect((await guard.checkUrl(`https://${host}/`)).protocol).toBe('https:');
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('the table', () => {
  it('should refuse the first and last address of each block, and what ipaddr.js does not call unicast', () => {
    for (const [cidr] of refusedRanges) {
      const [network, bits] = ipaddr.parseCIDR(cidr);
      const first = network.toByteArray();
      const last = first.map((byte, index) => byte | (0xff >> Math.max(0, Math.min(8, bits - index * 8))));
      for (const bytes of [first, last]) {
        expect(findRefusedRange(ipaddr.fromByteArray(bytes).toString())).not.toBeNull();
      }
    }
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
        fc.pre(ipaddr.parse(text).range() !== 'unicast');
        expect(findRefusedRange(text)).not.toBeNull();
      }),
    );
  });

  it.each([
    '1.1.1.1',
    '8.8.8.8',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '172.32.0.0',
    '223.255.255.255',
  ])('should leave the neighbours of a block alone: %s', (address) =>
    expect(findRefusedRange(address)).toBeNull(),
  );

  it.each(['2606:4700::1111%eth0', 'example.com', '', '08.8.8.8', '134744072', '[2606:4700::1111]'])(
    'should refuse what is not a plain IP literal: %j',
    (address) => expect(findRefusedRange(address)).not.toBeNull(),
  );

  it.each(['2606:4700::1111', '2001:200::1', '2003::1', '2a00:1450:4001::1', '3ffe:ffff::1'])(
    'should leave global IPv6 alone: %s',
    (address) => expect(findRefusedRange(address)).toBeNull(),
  );
});
