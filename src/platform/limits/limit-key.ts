import { createHmac } from 'node:crypto';
import ipaddr from 'ipaddr.js';
import type { SecretString } from '../secrets';

/**
 * What people and addresses are counted under. Keyed, so that nobody who reads the counters can find out by trying which
 * address or account is meant.
 */
export function toLimitKey(secret: SecretString, ...parts: string[]): string {
  return createHmac('sha256', secret.reveal()).update(JSON.stringify(parts)).digest('base64url');
}

/** What one client is given: an IPv4 address, or a network of IPv6 with the prefix 64, in which it may choose any address. */
export function toClientNetwork(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address); // ::ffff:192.0.2.1 is 192.0.2.1
  return parsed instanceof ipaddr.IPv6
    ? `${ipaddr.IPv6.networkAddressFromCIDR(`${parsed.toString()}/64`).toString()}/64`
    : parsed.toString();
}
