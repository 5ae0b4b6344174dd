import { lookup as dnsLookup } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, fetch as undiciFetch } from 'undici';
import { AppError } from '../errors';
import { withoutBrackets, type AllowedHost } from './allowed-hosts';
import { createConnector } from './connector';
import { findAddressRefusal, findDestinationRefusal, toDestination, type Destination } from './destination';
import { toLimitedResponse, unwrapError } from './limited-response';
import { lookupAll } from './name-lookup';
import { egressRefusal } from './refusal';
import { toUndiciCall } from './request-input';

/** All times are milliseconds. */
export interface EgressGuardOptions {
  /** Hosts that may be private and plain http; see `parseAllowHosts`. */
  allowHosts: readonly AllowedHost[];
  /** Name look-up, TCP and TLS together. Default 10,000. */
  connectTimeoutMs?: number;
  /** From the sent request to the end of the response's headers. Default 300,000: a model may think for minutes. */
  headersTimeoutMs?: number;
  /** Between two pieces of a response body. Default 300,000. */
  bodyTimeoutMs?: number;
  /** Of one response body, decoded as well as on the wire. Default 64 MiB. */
  maxResponseBytes?: number;
  /** Default `dns.lookup`. */
  lookup?: LookupFunction;
}

const redirectStatuses = new Set([301, 302, 303, 307, 308]);

/**
 * The one place that makes outbound HTTP calls. Base URLs are set by users, so each call may be a server-side
 * request forgery: only public unicast addresses over https are reached, apart from hosts that the operator
 * allowed. Proxies from the environment are not used. One instance per process; `close` it at shutdown.
 */
export class EgressGuard {
  /**
   * `fetch` through the guard, for the `fetch` option of AI SDK providers. Rejects with `AppError`
   * `EGRESS_REFUSED` for a refused address or any redirect, `PROVIDER_FAILED` for a response over the cap (its
   * body fails in the same way), `SHUTTING_DOWN` after `close`. Lost connections and time-outs are undici's
   * `TypeError` with a cause, an abort is the reason of the signal: as with the platform's `fetch`.
   */
  readonly fetch: typeof globalThis.fetch;

  private readonly allowHosts: readonly AllowedHost[];
  private readonly connectTimeoutMs: number;
  private readonly maxResponseBytes: number;
  private readonly lookup: LookupFunction;
  private readonly agent: Agent;
  private closed = false;

  constructor(options: EgressGuardOptions) {
    this.allowHosts = options.allowHosts;
    this.connectTimeoutMs = options.connectTimeoutMs ?? 10_000;
    this.maxResponseBytes = options.maxResponseBytes ?? 64 * 1024 * 1024;
    this.lookup = options.lookup ?? dnsLookup;
    this.agent = new Agent({
      connect: createConnector({
        allowHosts: this.allowHosts,
        connectTimeoutMs: this.connectTimeoutMs,
        lookup: this.lookup,
      }),
      headersTimeout: options.headersTimeoutMs ?? 300_000,
      bodyTimeout: options.bodyTimeoutMs ?? 300_000,
      maxResponseSize: this.maxResponseBytes,
    });
    this.fetch = (input: RequestInfo | URL, init?: RequestInit) => this.send(input, init);
  }

  /**
   * The check when a base URL is saved; store `href` of the result. Rejects with `EGRESS_REFUSED`, `details
   * {reason, host}`. A name must resolve, and to public addresses only; allowed hosts are not looked up.
   * Passing it promises nothing for later: `fetch` checks again when it connects.
   */
  async checkUrl(text: string): Promise<URL> {
    const url = parseBaseUrl(text);
    const destination = this.checkDestination(url);
    if (destination.allowed || isIP(destination.host) !== 0) return url;

    const addresses = await lookupAll(this.lookup, destination.host, this.connectTimeoutMs).catch(
      (error: unknown) => {
        throw egressRefusal('unresolved', destination.host, String(error));
      },
    );
    if (addresses.length === 0) throw egressRefusal('unresolved', destination.host);
    const refusal = findAddressRefusal(destination.host, addresses);
    if (refusal) throw refusal;
    return url;
  }

  /** Ends every connection at once; calls and bodies still under way fail with `SHUTTING_DOWN`. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.agent.destroy(shuttingDown());
  }

  private async send(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    if (this.closed) throw shuttingDown();
    const call = await toUndiciCall(input, init);
    const { host } = this.checkDestination(call.url);

    const response = await undiciFetch(call.url, {
      ...call.init,
      dispatcher: this.agent,
      redirect: 'manual',
    }).catch((error: unknown) => {
      throw unwrapError(error, host, this.maxResponseBytes);
    });
    if (redirectStatuses.has(response.status)) {
      await response.body?.cancel();
      throw egressRefusal('redirect', host);
    }
    return toLimitedResponse(response, this.maxResponseBytes);
  }

  private checkDestination(url: URL): Destination {
    const destination = toDestination(url, this.allowHosts);
    if (url.username !== '' || url.password !== '') throw egressRefusal('user_info', destination.host);
    const refusal = findDestinationRefusal(destination);
    if (refusal) throw refusal;
    return destination;
  }
}

/**
 * Stricter than `URL`, which drops tabs and newlines, reads a backslash as a slash, and forgives missing slashes
 * and an empty user name: what a person reads in the stored text must be what is called.
 */
function parseBaseUrl(text: string): URL {
  const url = URL.parse(text);
  if (!url) throw egressRefusal('malformed', null);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw egressRefusal('scheme', null);

  const host = withoutBrackets(url.hostname);
  const authority = /^https?:\/\/([^/?#]+)/i.exec(text)?.[1];
  if (authority === undefined || /[\s\\\p{Cc}]/u.test(text)) throw egressRefusal('malformed', host);
  if (authority.includes('@')) throw egressRefusal('user_info', host);
  if (text.includes('#')) throw egressRefusal('fragment', host);
  return url;
}

function shuttingDown(): AppError {
  return new AppError('SHUTTING_DOWN', 'The server is shutting down. Try again in a moment.');
}
