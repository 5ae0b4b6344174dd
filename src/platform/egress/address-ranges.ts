import { isIPv4, isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';

/**
 * Every block that is not public unicast, or that carries another address inside. Sources:
 * https://www.iana.org/assignments/iana-ipv4-special-registry, …/iana-ipv6-special-registry,
 * …/multicast-addresses, …/ipv6-multicast-addresses, and the RFC in the row. Blocks that the registries call
 * globally reachable but that never hold a provider (relays, DNS sinks, identifiers) are refused with the rest.
 * Narrow rows come before the wide ones, so that the log names the closest.
 */
export const refusedRanges: readonly (readonly [cidr: string, what: string])[] = [
  ['0.0.0.0/8', 'this network, RFC 791'],
  ['10.0.0.0/8', 'private use, RFC 1918'],
  ['100.100.100.200/32', 'cloud metadata, Alibaba Cloud'],
  ['100.64.0.0/10', 'carrier-grade NAT, RFC 6598'],
  ['127.0.0.0/8', 'loopback, RFC 1122'],
  // A public block, yet every Azure machine reaches its host platform there:
  // https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
  ['168.63.129.16/32', 'cloud platform, Azure'],
  ['169.254.169.254/32', 'cloud metadata'],
  ['169.254.0.0/16', 'link local, RFC 3927'],
  ['172.16.0.0/12', 'private use, RFC 1918'],
  ['192.0.0.0/24', 'protocol assignments, RFC 6890'],
  ['192.0.2.0/24', 'documentation, RFC 5737'],
  ['192.31.196.0/24', 'AS112, RFC 7535'],
  ['192.52.193.0/24', 'multicast tunnelling, RFC 7450'],
  ['192.88.99.0/24', '6to4 relay, RFC 7526'],
  ['192.168.0.0/16', 'private use, RFC 1918'],
  ['192.175.48.0/24', 'AS112, RFC 7534'],
  ['198.18.0.0/15', 'benchmarking, RFC 2544'],
  ['198.51.100.0/24', 'documentation, RFC 5737'],
  ['203.0.113.0/24', 'documentation, RFC 5737'],
  ['224.0.0.0/4', 'multicast, RFC 5771'],
  ['255.255.255.255/32', 'broadcast, RFC 919'],
  ['240.0.0.0/4', 'reserved, RFC 1112'],

  ['::/128', 'unspecified, RFC 4291'],
  ['::1/128', 'loopback, RFC 4291'],
  ['::/96', 'IPv4-compatible, RFC 4291'],
  ['::ffff:0:0/96', 'IPv4-mapped, RFC 4291'],
  ['::ffff:0:0:0/96', 'IPv4-translated, RFC 2765'],
  ['64:ff9b::/96', 'NAT64, RFC 6052'],
  ['64:ff9b:1::/48', 'local NAT64, RFC 8215'],
  ['100::/64', 'discard only, RFC 6666'],
  ['100:0:0:1::/64', 'dummy prefix, RFC 9780'],
  ['2001::/32', 'Teredo, RFC 4380'],
  ['2001:2::/48', 'benchmarking, RFC 5180'],
  ['2001:3::/32', 'multicast tunnelling, RFC 7450'],
  ['2001:4:112::/48', 'AS112, RFC 7535'],
  ['2001:10::/28', 'ORCHID, RFC 4843'],
  ['2001:20::/28', 'ORCHIDv2, RFC 7343'],
  ['2001:30::/28', 'drone identifiers, RFC 9374'],
  ['2001::/23', 'protocol assignments, RFC 2928'],
  ['2001:db8::/32', 'documentation, RFC 3849'],
  ['2002::/16', '6to4, RFC 3056'],
  ['2620:4f:8000::/48', 'AS112, RFC 7534'],
  ['3fff::/20', 'documentation, RFC 9637'],
  ['5f00::/16', 'segment routing, RFC 9602'],
  ['fd00:ec2::254/128', 'cloud metadata, Amazon EC2'],
  ['fd20:ce::254/128', 'cloud metadata, Google Cloud'],
  ['fc00::/7', 'unique local, RFC 4193'],
  ['fe80::/10', 'link local, RFC 4291'],
  ['fec0::/10', 'site local, RFC 3879'],
  ['ff00::/8', 'multicast, RFC 4291'],
];

const parsedRanges = refusedRanges.map(([cidr, what]) => {
  const [network, bits] = ipaddr.parseCIDR(cidr);
  return { network, bits, text: `${cidr} (${what})` };
});

/** The only block that IANA hands out for global unicast (RFC 4291, section 2.4). */
const globalUnicastV6 = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Null for a public unicast address; else the block it lies in, as text for the log.
 * Takes an IP literal in the form that `URL` or a look-up gives; anything else is refused, a zone id too.
 */
export function findRefusedRange(address: string): string | null {
  if (!isIPv4(address) && (!isIPv6(address) || address.includes('%'))) return 'not an IP address';

  const parsed = ipaddr.parse(address);
  const range = parsedRanges.find(
    ({ network, bits }) => network.kind() === parsed.kind() && parsed.match([network, bits]),
  );
  if (range) return range.text;
  if (parsed.kind() === 'ipv6' && !parsed.match(globalUnicastV6)) return 'outside 2000::/3 (not allocated)';
  return null;
}
