import { isIP } from 'node:net';
import type { AppError } from '../errors';
import { findRefusedRange } from './address-ranges';
import { isAllowedHost, withoutBrackets, type AllowedHost } from './allowed-hosts';
import { egressRefusal } from './refusal';

/** Where a connection would go, as `URL` normalised it. */
export interface Destination {
  protocol: string;
  /** IPv6 without brackets. */
  host: string;
  port: number;
  /** Named by the operator: may be private and plain http. */
  allowed: boolean;
}

/** Names that never mean a public host: RFC 6761, RFC 6762, RFC 8375, and `internal`, which ICANN reserved. */
const reservedName = /(?:^|\.)(?:localhost|localdomain|local|internal|home\.arpa)\.?$/;

/** Ports above 1023 that fetch itself never calls: https://fetch.spec.whatwg.org/#port-blocking */
const otherProtocolPorts = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
  10080,
]);

/** Reads a `URL`, or what undici hands to a connector (a default port is the empty string in both). */
export function toDestination(
  url: { protocol: string; hostname: string; port: string },
  allowHosts: readonly AllowedHost[],
): Destination {
  const host = withoutBrackets(url.hostname);
  const port = url.port === '' ? defaultPort(url.protocol) : Number(url.port);
  return { protocol: url.protocol, host, port, allowed: isAllowedHost(allowHosts, host, port) };
}

/** All that can be refused without a look-up: scheme, port, reserved name, literal address. Null if none. */
export function findDestinationRefusal({ protocol, host, port, allowed }: Destination): AppError | null {
  if (protocol !== 'https:' && !(allowed && protocol === 'http:')) return egressRefusal('scheme', host);
  if (allowed) return null;

  if (isIP(host) !== 0) {
    const refusal = findAddressRefusal(host, [host]);
    if (refusal) return refusal;
  } else if (reservedName.test(host)) {
    return egressRefusal('reserved_name', host);
  }
  const portIsPublic = port === 443 || (port > 1023 && !otherProtocolPorts.has(port));
  return portIsPublic ? null : egressRefusal('port', host);
}

/** Refuses if a single address is not public unicast: a mixed answer is a rebinding attempt or a mistake. */
export function findAddressRefusal(host: string, addresses: readonly string[]): AppError | null {
  for (const address of addresses) {
    const range = findRefusedRange(address);
    if (range !== null) return egressRefusal('address', host, `${address} is in ${range}`);
  }
  return null;
}

function defaultPort(protocol: string): number {
  return protocol === 'http:' ? 80 : 443;
}
