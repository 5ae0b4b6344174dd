import type { Client } from '../../support/client';
import type { Ids } from './slots';

/**
 * Who asks: an owner of the team, a plain member, the platform admin (an admin of the team, too), or an API key of the
 * owner with every scope, once the door that makes them exists.
 */
export type Credential = 'admin' | 'member' | 'platformAdmin' | 'apiKey';

/** Somebody of our team, with what is their own. */
export interface Asker {
  client: Client;
  ids: Ids;
}

export type Askers = Partial<Record<Credential, Asker>> & Record<'admin' | 'member' | 'platformAdmin', Asker>;
