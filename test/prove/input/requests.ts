import * as fc from 'fast-check';
import type { Door } from './doors';
import { percentEncoded, RawText, toDraft, type Draft, type Input } from './draft';
import { oddities, toJsonBytes } from './odd-values';
import { edgesOf, fitting, placed, placesOf, type Place, type Vocabulary } from './schemas';
import { otherProtocols, wireFaults } from './wire-faults';
import type { Sender } from './world';

/** A door with what makes requests for it. */
interface Source {
  door: Door;
  fitting: fc.Arbitrary<Input>;
  places: Place[];
}

/** Large enough that a remainder of it takes each choice about as often. */
const choice = fc.nat(1_000_000);
const at = <T>(list: T[], index: number): T => list[index % list.length] as T;

/** Requests of all kinds for all doors: accepted ones, ones with a single fault, batches, and what is no request at all. */
export function requestsFor(doors: Door[], vocabulary: Vocabulary): fc.Arbitrary<Draft> {
  const sources = doors.map((door) => toSource(door, vocabulary));
  const any = fc.constantFrom(...sources);
  const procedures = sources.filter(({ door }) => door.kind === 'trpc');
  return fc.oneof(
    { weight: 18, arbitrary: any.chain(accepted) },
    { weight: 46, arbitrary: any.chain(spoiled) },
    { weight: 24, arbitrary: any.chain(brokenOnTheWire) },
    { weight: 7, arbitrary: batches(procedures) },
    {
      weight: 5,
      arbitrary: fc.tuple(any, bytes()).map(([{ door }, text]) => ({ ...empty(door), bytes: text })),
    },
  );
}

/** One request that the door should take. */
export function acceptedBy(door: Door, vocabulary: Vocabulary): fc.Arbitrary<Draft> {
  return accepted(toSource(door, vocabulary));
}

function toSource(door: Door, vocabulary: Vocabulary): Source {
  return {
    door,
    fitting: fitting(door.input, vocabulary, door.name) as fc.Arbitrary<Input>,
    places: placesOf(door.input, vocabulary).filter(({ path }) => path.length > 0),
  };
}

/** Who may do it, and whom nobody misses after it. */
function rightful({ kind, path }: Door): Sender {
  if (kind !== 'auth') return 'admin';
  if (path.endsWith('/revoke-sessions')) return 'companion';
  return /\/(sign-out|organization\/(delete|leave))$/.test(path) ? 'leaver' : 'guest';
}

function accepted({ door, fitting: inputs }: Source): fc.Arbitrary<Draft> {
  return inputs.map((input) => toDraft(door, rightful(door), input));
}

/** Never the admin at the doors of accounts: everything else depends on that session. */
function senders(door: Door): fc.Arbitrary<Sender> {
  const others = fc.constantFrom<Sender>('key', 'member', 'guest', 'companion', 'nobody', 'garbage');
  return fc.oneof({ weight: 8, arbitrary: fc.constant(rightful(door)) }, { weight: 2, arbitrary: others });
}

/** One thing wrong with what it says. */
function spoiled(source: Source): fc.Arbitrary<Draft> {
  return fc
    .record({ input: source.fitting, sender: senders(source.door), spot: choice, how: choice })
    .map(({ input, sender, spot, how }) => spoil(source, input, sender, spot, how));
}

function spoil({ door, places }: Source, input: Input, sender: Sender, spot: number, how: number): Draft {
  const { path, schema } = at([...places, ...placesOfValue(input)], spot);
  const [part] = path;
  const where = path.join('.');
  if (part !== 'body') {
    const name =
      path.length > 1 || part === 'params' ? path : [...path, at(oddities.keys, spot).slice(0, 500)];
    if (name.length === 1) return toDraft(door, sender, input, 'nothing');
    return toDraft(
      door,
      sender,
      placed(input, name, new RawText(at(oddities.texts, how))) as Input,
      `${where} is odd`,
    );
  }
  const ways: [string, () => unknown][] = [
    ...edgesOf(schema).map((edge): [string, () => unknown] => ['at its edge', edge]),
    ...oddities.values.map((value): [string, () => unknown] => ['odd', value]),
  ];
  const kinds = 8;
  if (how % kinds === 0 && path.length > 1)
    return toDraft(door, sender, placed(input, path, undefined) as Input, `${where} is missing`);
  if (how % kinds === 1) {
    const key = at(oddities.keys, Math.floor(how / kinds));
    return toDraft(door, sender, placed(input, [...path, key], 1) as Input, `${where} has a field more`);
  }
  if (how % kinds === 2 && path.length > 1)
    return toDraft(door, sender, input, `${path[1]} comes twice`, path[1]);
  const [name, make] = at(ways, Math.floor(how / kinds));
  return toDraft(door, sender, placed(input, path, make()) as Input, `${where} is ${name}`);
}

/** Places inside what no schema describes. */
function placesOfValue(value: unknown, path: string[] = []): Place[] {
  if (path.length > 6 || typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => [
    ...(path.length > 0 ? [{ path: [...path, key], schema: {} }] : []),
    ...placesOfValue(child, [...path, key]),
  ]);
}

/** Right in what it says, wrong in how it is sent. */
function brokenOnTheWire({ door, fitting: inputs }: Source): fc.Arbitrary<Draft> {
  return fc
    .record({ input: inputs, sender: senders(door), fault: fc.constantFrom(...wireFaults) })
    .map(({ input, sender, fault: [name, change] }) => {
      const draft = toDraft(door, sender, input, name);
      return { ...draft, ...change(draft) };
    });
}

function empty(door: Door): Draft {
  return { door, sender: 'nobody', fault: 'no HTTP', method: '', target: '', headers: [], unfinished: true };
}

function bytes(): fc.Arbitrary<Buffer> {
  return fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((octets) => Buffer.from(octets)),
    fc.constantFrom(...otherProtocols).map((text) => Buffer.from(text, 'latin1')),
    fc
      .tuple(fc.constantFrom('GET', 'POST'), fc.uint8Array({ maxLength: 100 }))
      .map(([method, octets]) =>
        Buffer.concat([Buffer.from(`${method} /`), Buffer.from(octets), Buffer.from(' HTTP/1.1\r\n\r\n')]),
      ),
  );
}

/** Several calls in one request, with inputs at the right numbers or not. */
function batches(sources: Source[]): fc.Arbitrary<Draft> {
  const calls = fc.array(
    fc
      .constantFrom(...sources)
      .chain(({ door, fitting: inputs }) => inputs.map(({ body }) => ({ door, body }))),
    { minLength: 1, maxLength: 6 },
  );
  return fc
    .record({
      calls,
      sender: fc.constantFrom<Sender>('admin', 'admin', 'admin', 'member', 'nobody'),
      how: choice,
    })
    .map(toBatch);
}

const numbering: [string, (index: number) => string][] = [
  ['', String], ['', String], ['', String],
  ['numbers from 1', (index) => String(index + 1)], ['negative numbers', (index) => String(-index)], ['numbers with a fraction', (index) => `${index}.5`],
  ['leading zeros', (index) => `0${index}`], ['names', (index) => `x${index}`], ['__proto__', () => '__proto__'],
]; // prettier-ignore

function toBatch({
  calls,
  sender,
  how,
}: {
  calls: { door: Door; body: unknown }[];
  sender: Sender;
  how: number;
}): Draft {
  const door = calls[0]!.door;
  const [name, number] = at(numbering, how);
  const repeat = how % 11 === 0 ? 200 : 1;
  const all = Array.from({ length: repeat }, () => calls).flat();
  const odd = how % 7 === 0 ? at(oddities.values, how)() : undefined;
  const inputs = odd ?? Object.fromEntries(all.map(({ body }, index) => [number(index), body]));
  const input = toJsonBytes(inputs);
  const path = `/trpc/${all.map((call) => call.door.path.slice('/trpc/'.length)).join(how % 13 === 0 ? ',,' : ',')}`;
  const draft = {
    door,
    sender,
    fault: name || odd !== undefined || repeat > 1 ? `batch: ${name}` : 'batch',
    headers: [],
  };
  if (how % 2 === 0)
    return {
      ...draft,
      method: 'GET',
      // Cut before it is encoded: twelve hundred calls may have a body of half a megabyte each.
      target: `${path}?batch=1&input=${percentEncoded(input.subarray(0, 60_000)).slice(0, 60_000)}`,
    };
  return {
    ...draft,
    method: 'POST',
    target: `${path}?batch=1`,
    headers: [['content-type', 'application/json']],
    body: input,
  };
}
