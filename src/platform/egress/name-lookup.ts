import type { LookupAddress } from 'node:dns';
import { isIPv6, type LookupFunction } from 'node:net';
import { findAddressRefusal } from './destination';

/**
 * All addresses of a name, for the check when saving. Rejects with the look-up's own error, or after
 * `timeoutMs`; `dns.lookup` cannot be cancelled, so a late answer is dropped.
 */
export function lookupAll(lookup: LookupFunction, host: string, timeoutMs: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`No answer within ${timeoutMs} ms.`)), timeoutMs);
    lookup(host, { all: true }, (error, answer, family) => {
      clearTimeout(timer);
      if (error) reject(error);
      else resolve(toList(answer, family).map(({ address }) => address));
    });
  });
}

/**
 * A look-up for `net.connect` and `tls.connect` that answers with checked addresses or with the refusal. The
 * socket connects to nothing but this answer, so what was checked is what is called: the address is pinned.
 */
export function publicOnly(lookup: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, answer, family) => {
      if (error) return callback(error, []);

      const addresses = toList(answer, family);
      const refusal = findAddressRefusal(
        hostname,
        addresses.map(({ address }) => address),
      );
      if (refusal) return callback(refusal, []);

      const first = addresses[0];
      if (!first)
        return callback(Object.assign(new Error(`No address for ${hostname}.`), { code: 'ENOTFOUND' }), []);
      if (options.all) return callback(null, addresses);
      callback(null, first.address, first.family);
    });
  };
}

function toList(answer: string | LookupAddress[], family: number | undefined): LookupAddress[] {
  if (typeof answer !== 'string') return answer;
  return [{ address: answer, family: family ?? (isIPv6(answer) ? 6 : 4) }];
}
