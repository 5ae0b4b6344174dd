import { createServer, type RequestListener } from 'node:http';
import { isIPv6, type AddressInfo, type LookupFunction } from 'node:net';
import { AppError } from '../errors';
import { parseAllowHosts } from './allowed-hosts';
import { EgressGuard, type EgressGuardOptions } from './egress-guard';

/** The `{reason, host}` of a refused promise; fails if it holds, or fails otherwise. */
export async function refusalOf(promise: Promise<unknown>): Promise<unknown> {
  const error: unknown = await promise.then(
    (value) => new Error(`Not refused: ${String(value)}`),
    (reason: unknown) => reason,
  );
  if (error instanceof AppError && error.code === 'EGRESS_REFUSED') return error.details;
  throw error;
}

/** A name server in memory: each call takes the next answer, the last one stays. An empty answer: no such name. */
export function answering(...answers: string[][]): LookupFunction & { asked: string[] } {
  const asked: string[] = [];
  const lookup: LookupFunction = (hostname, options, callback) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)] ?? [];
    asked.push(hostname);
    const addresses = answer.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 }));
    const [first] = addresses;
    process.nextTick(() => {
      if (!first) callback(Object.assign(new Error('not found'), { code: 'ENOTFOUND' }), []);
      else if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
  return Object.assign(lookup, { asked });
}

/** A local server and a guard that may call it; both end in `close`. */
export async function serve(
  listener: RequestListener,
  options: Omit<EgressGuardOptions, 'allowHosts'> = {},
): Promise<{ origin: string; guard: EgressGuard; connections: () => number; close: () => Promise<void> }> {
  const server = createServer(listener);
  let connections = 0;
  server.on('connection', () => connections++);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // `address()` is a string for pipes only.
  const { port } = server.address() as AddressInfo;
  const guard = new EgressGuard({ allowHosts: parseAllowHosts(`127.0.0.1:${port}`), ...options });
  return {
    origin: `http://127.0.0.1:${port}`,
    guard,
    connections: () => connections,
    close: async () => {
      await guard.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
