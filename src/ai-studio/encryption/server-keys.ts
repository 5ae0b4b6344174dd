import { Inject, Injectable } from '@nestjs/common';
import { AppError } from '../../platform/errors';
import { ServerKeyRepository, type KeyFact, type KeyOnServer } from './server-key.repository';

/** How the servers beside this process stand to a key-encryption key. One that says nothing is not known to do anything. */
export interface KeyOnServers {
  live: number;
  /** Not known to open what the key wraps. */
  notOpening: number;
  /** Not known to seal under the key: first keys of new teams may still come under another. */
  notSealing: number;
}

/** Which key-encryption keys the servers on this database have, as they say themselves. */
@Injectable()
export class ServerKeys {
  constructor(@Inject(ServerKeyRepository) private readonly servers: ServerKeyRepository) {}

  /**
   * Says it of this server.
   * @param kekIds of the configured keys; the first seals
   * @param proven of those that opened what was sealed before
   */
  async tell(kekIds: readonly string[], proven: ReadonlySet<string>): Promise<void> {
    const [first] = kekIds;
    for (const kekId of kekIds) {
      await this.servers.say('has', kekId);
      if (proven.has(kekId)) await this.servers.say('opens', kekId);
      if (proven.has(kekId) && kekId === first) await this.servers.say('seals', kekId);
    }
  }

  /** Takes some seconds, so that none is missed which is cut off from the database for a moment. */
  async count(kekId: string): Promise<KeyOnServers> {
    const servers = await this.servers.list(kekId, 'patient');
    return {
      live: servers.length,
      notOpening: servers.filter(isNotSaid('opens')).length,
      notSealing: servers.filter(isNotSaid('seals')).length,
    };
  }

  /** Throws `CONFLICT` where a server is not known to open what the key wraps. Quick where all are. */
  async assertAllOpen(kekId: string): Promise<void> {
    const seen = await this.servers.list(kekId, 'quick');
    if (!seen.some(isNotSaid('opens'))) return;
    const { live, notOpening } = await this.count(kekId);
    if (notOpening > 0)
      throw new AppError(
        'CONFLICT',
        `Servers that are not known to open what the key ${kekId} wraps: ${notOpening} of ${live}. Teams would be unreadable there. Give them this key and restart them, then run this again; one of an older version does not say what it opens.`,
      );
  }

  /** Throws `CONFLICT` where a server has the key, or does not say which it has. */
  async assertNoneHas(kekId: string): Promise<void> {
    const servers = await this.servers.list(kekId, 'patient');
    const count = servers.filter(({ facts, isSilent }) => isSilent || facts.length > 0).length;
    if (count > 0)
      throw new AppError(
        'CONFLICT',
        `Servers that have the key ${kekId}, or do not say which keys they have: ${count} of ${servers.length}. What a server can open is not lost: rotate with the keys that it has. Where they are wrong, or it is of an older version, stop it first.`,
      );
  }
}

function isNotSaid(fact: KeyFact): (server: KeyOnServer) => boolean {
  return ({ facts }) => !facts.includes(fact);
}
