import { appRegistry, type AppId, type Scope } from '@kdx/shared';
import { toScope, type Caller } from '../identity';
import { notFound } from '../platform/errors';

/** The scope of an app's configuration; `NOT_FOUND` for an app that nobody registered. */
export function toConfigScope(caller: Caller, appId: string): Scope {
  if (!appRegistry.find(appId)) throw notFound('The app');
  return toScope(caller, appId as AppId); // registered: found above
}
