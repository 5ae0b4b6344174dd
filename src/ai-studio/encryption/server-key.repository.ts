import { Inject, Injectable } from '@nestjs/common';
import { LiveServers } from '../../platform/database';

/**
 * What a server can say of a key-encryption key:
 * - `has`: it is configured there, whether it opens anything or not;
 * - `opens`: it opened there what was sealed under its id before;
 * - `seals`: it did, and what is new there is sealed under it.
 */
export type KeyFact = (typeof facts)[number];

const facts = ['has', 'opens', 'seals'] as const;

/** What a server beside this process says of one key. */
export interface KeyOnServer {
  facts: KeyFact[];
  /** It says nothing of any key: it is starting, or of a version that does not. */
  isSilent: boolean;
}

/** What servers say of their key-encryption keys, for as long as they live. */
@Injectable()
export class ServerKeyRepository {
  constructor(@Inject(LiveServers) private readonly servers: LiveServers) {}

  /** No server can run beside this process. */
  get isAlone(): boolean {
    return this.servers.isAlone;
  }

  /** Says it of this server. */
  say(fact: KeyFact, kekId: string): Promise<void> {
    return this.servers.hold(nameOf(fact, kekId));
  }

  /** @param patience `patient`: takes some seconds, and misses none that is cut off from the database for a moment */
  async list(kekId: string, patience: 'quick' | 'patient'): Promise<KeyOnServer[]> {
    const names = facts.map((fact) => nameOf(fact, kekId));
    const servers =
      patience === 'quick' ? await this.servers.list(names) : await this.servers.listPatiently(names);
    return servers.map(({ held, isSilent }) => ({
      facts: facts.filter((fact) => held.includes(nameOf(fact, kekId))),
      isSilent,
    }));
  }
}

function nameOf(fact: KeyFact, kekId: string): string {
  return `kek-${fact}:${kekId}`;
}
