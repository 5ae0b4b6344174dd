import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns';
import { isIPv6, type AddressInfo, type LookupFunction } from 'node:net';

const [typeA, typeAaaa] = [1, 28];

export interface NameServer {
  /** Looks names up there, as `dns.lookup` does with the system's resolver. */
  lookup: LookupFunction;
  /** Answers for a name, one a look-up; the last one stays. */
  answers: Map<string, string[][]>;
  close(): void;
}

/** A real name server on a UDP port: answers of no time to live, which may be others at each look-up (RFC 1035). */
export async function startNameServer(): Promise<NameServer> {
  const answers = new Map<string, string[][]>();
  const asked = new Map<string, number>();
  const socket = createSocket('udp4', (query, from) => {
    const { name, type, end } = readQuestion(query);
    const key = `${name} ${type}`;
    const turn = asked.get(key) ?? 0;
    asked.set(key, turn + 1);
    const all = answers.get(name) ?? [];
    const addresses = all[Math.min(turn, all.length - 1)] ?? [];
    const wanted = addresses.filter((address) => isIPv6(address) === (type === typeAaaa));
    socket.send(toAnswer(query, end, type, wanted), from.port, from.address);
  });
  await new Promise<void>((bound) => socket.bind(0, '127.0.0.1', bound));
  const { port } = socket.address() as AddressInfo;
  const resolver = new Resolver({ timeout: 2_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${port}`]);
  const lookup: LookupFunction = (hostname, _options, callback) => {
    resolver.resolve4(hostname, (_none, four) =>
      resolver.resolve6(hostname, (error, six) => {
        const found = [...(four ?? []), ...(six ?? [])];
        if (found.length === 0) callback(error ?? new Error('not found'), []);
        else
          callback(
            null,
            found.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 })),
          );
      }),
    );
  };
  return { lookup, answers, close: () => socket.close() };
}

function readQuestion(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 };
}

function toAnswer(query: Buffer, end: number, type: number, addresses: string[]): Buffer {
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(0x8180, 2); // an answer, recursion available, no error
  header.writeUInt16BE(addresses.length, 6);
  header.writeUInt32BE(0, 8); // no further sections
  const records = addresses.map((address) => {
    const data = toBytes(address);
    const record = Buffer.alloc(12);
    record.writeUInt16BE(0xc00c, 0); // the name of the question
    record.writeUInt16BE(type === typeAaaa ? typeAaaa : typeA, 2);
    record.writeUInt16BE(1, 4); // of the Internet
    record.writeUInt32BE(0, 6); // not to be kept
    record.writeUInt16BE(data.length, 10);
    return Buffer.concat([record, data]);
  });
  return Buffer.concat([header, query.subarray(12, end), ...records]);
}

function toBytes(address: string): Buffer {
  if (!isIPv6(address)) return Buffer.from(address.split('.').map(Number));
  const url = new URL(`http://[${address}]/`).hostname.slice(1, -1); // hexadecimal groups only
  const [front = '', back] = url.split('::');
  const groups = (text: string) => text.split(':').filter(Boolean);
  const missing = back === undefined ? 0 : 8 - groups(front).length - groups(back).length;
  const all = [...groups(front), ...Array<string>(missing).fill('0'), ...groups(back ?? '')];
  return Buffer.from(all.map((group) => group.padStart(4, '0')).join(''), 'hex');
}
