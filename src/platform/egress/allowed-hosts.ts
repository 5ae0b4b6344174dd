import { isIPv6 } from 'node:net';

/** A host that the operator lets the product call even if it is private or speaks plain http. */
export interface AllowedHost {
  /** As `URL` spells it: lower case, punycode, canonical IP literal; IPv6 without brackets. */
  readonly host: string;
  /** Absent: every port. */
  readonly port?: number;
}

const entryPattern = /^(?<host>\[[^[\]]+\]|[^:[\]]+)(?::(?<port>[0-9]{1,5}))?$/;
const notInHost = /[\s/\\?#@*%]/;

/**
 * Parses `host[:port],…`; IPv6 literals stand in brackets, a host without a port means every port.
 * Blank text is an empty list. Throws `Error` that names the position of the first bad entry, never its text.
 */
export function parseAllowHosts(text: string): AllowedHost[] {
  if (text.trim() === '') return [];
  return text.split(',').map((entry, index) => parseEntry(entry.trim(), index + 1));
}

/** True if the operator allowed this host at this port. Exact match; a host covers none of its subdomains. */
export function isAllowedHost(allowHosts: readonly AllowedHost[], host: string, port: number): boolean {
  return allowHosts.some(
    (allowed) => allowed.host === host && (allowed.port === undefined || allowed.port === port),
  );
}

/** `URL.hostname` without the brackets of an IPv6 literal. */
export function withoutBrackets(hostname: string): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
}

function parseEntry(entry: string, position: number): AllowedHost {
  const parts = entryPattern.exec(entry)?.groups;
  if (isIPv6(entry) || !parts?.host || notInHost.test(parts.host)) {
    throw new Error(
      `Entry ${position} of the allowed hosts is not host[:port]. Give a host name or an IP address (IPv6 in brackets), without scheme, path or wildcard.`,
    );
  }

  const url = URL.parse(`http://${parts.host}/`);
  if (!url) throw new Error(`Entry ${position} of the allowed hosts does not begin with a valid host.`);
  const host = withoutBrackets(url.hostname);
  if (parts.port === undefined) return { host };

  const port = Number(parts.port);
  if (port < 1 || port > 65_535) {
    throw new Error(`Entry ${position} of the allowed hosts has a port that is not between 1 and 65535.`);
  }
  return { host, port };
}
