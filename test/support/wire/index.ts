/** Local servers that speak the providers' protocols, for tests with real clients. See `README.md`. */
export { defaultUsage } from './protocol';
export { startWireServer } from './server';
export type {
  WireBehaviour,
  WireFailure,
  WireKind,
  WireReply,
  WireRequest,
  WireServer,
  WireServerOptions,
  WireUsage,
} from './types';
