import type { LookupFunction } from 'node:net';
import { buildConnector } from 'undici';
import type { AllowedHost } from './allowed-hosts';
import { findAddressRefusal, findDestinationRefusal, toDestination } from './destination';
import { publicOnly } from './name-lookup';

interface ConnectorOptions {
  allowHosts: readonly AllowedHost[];
  connectTimeoutMs: number;
  lookup: LookupFunction;
}

/**
 * The door itself: every socket of the product is opened here. Three checks, since each alone has a hole:
 * the destination (a look-up hook is never asked about an IP literal), every looked-up address (the name may
 * answer otherwise than when it was saved), and the peer of the open socket, before a byte of HTTP is written.
 */
export function createConnector({
  allowHosts,
  connectTimeoutMs,
  lookup,
}: ConnectorOptions): buildConnector.connector {
  // Certificates are checked whatever NODE_TLS_REJECT_UNAUTHORIZED says. HTTP/1.1 only: its time-outs and
  // size cap are per request, and one connection serves one request at a time.
  const common = { timeout: connectTimeoutMs, allowH2: false, rejectUnauthorized: true };
  const connectToPublic = buildConnector({ ...common, lookup: publicOnly(lookup) });
  const connectToAllowed = buildConnector({ ...common, lookup });

  return (options, callback) => {
    const destination = toDestination(options, allowHosts);
    const refusal = findDestinationRefusal(destination);
    if (refusal) return callback(refusal, null);
    if (destination.allowed) return connectToAllowed(options, callback);

    connectToPublic(options, (error, socket) => {
      if (error) return callback(error, null);

      const peer = socket.remoteAddress;
      const failure =
        peer === undefined
          ? new Error('The connection was closed before its peer could be checked.')
          : findAddressRefusal(destination.host, [peer]);
      if (!failure) return callback(null, socket);

      socket.destroy();
      callback(failure, null);
    });
  };
}
