import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { TeamId } from '@kdx/shared';
import type { SecretString } from '../../platform/secrets';
import { TeamChanges } from '../../platform/tenancy';
import type { ApiKeyGrant, Identified } from '../callers/caller';
import { isGrantable } from '../permissions/grantable';
import { apiKeyNotValid } from './api-key-not-valid';
import { isSameDigest, parseApiKey, type SentApiKey } from './api-key-secret';
import { IdentifiedKeyRepository } from './identified-key.repository';
import { LastUses } from './last-uses';

/** Somebody who calls with an API key: of one team, and what the key may do. */
type KeyCaller = Identified & { team: { id: TeamId }; apiKey: ApiKeyGrant };

/** The bound on what is heard of nobody, such as a row that was removed by hand. */
const rememberMs = 5_000;

/**
 * Finds out which key is calling. A key that is revoked, and one of a deleted team, is forgotten with the news of that
 * team's change: here at once, elsewhere as soon as it arrives.
 */
@Injectable()
export class ApiKeyCallers {
  /** Keyed by the digest that is stored, never the secret. */
  private readonly remembered = new LRUCache<string, KeyCaller>({ max: 10_000, ttl: rememberMs });
  private generation = 0;

  constructor(
    @Inject(IdentifiedKeyRepository) private readonly keys: IdentifiedKeyRepository,
    @Inject(LastUses) private readonly lastUses: LastUses,
    @Inject(TeamChanges) changes: TeamChanges,
  ) {
    changes.subscribe((teamId) => this.forget(teamId));
  }

  /** Throws `UNAUTHENTICATED`, always the same, unless there is such a key now. */
  async identify(secret: SecretString): Promise<Identified> {
    const sent = parseApiKey(secret);
    if (!sent) throw apiKeyNotValid();
    const caller = await this.get(sent);
    if (isExpired(caller.apiKey)) throw apiKeyNotValid();
    this.lastUses.note(caller.team.id, caller.userId);
    return caller;
  }

  private async get(sent: SentApiKey): Promise<KeyCaller> {
    const key = sent.digest.toString('base64');
    const known = this.remembered.get(key);
    if (known) return known;
    const { generation } = this;
    const caller = await this.lookUp(sent);
    if (generation === this.generation) this.remembered.set(key, caller);
    return caller;
  }

  private async lookUp({ keyId, digest }: SentApiKey): Promise<KeyCaller> {
    const found = await this.keys.find(keyId);
    const isRight = isSameDigest(digest, found?.digest);
    if (!found || !isRight) throw apiKeyNotValid();
    const { id, name, teamId, scopes, expiresAt } = found;
    return {
      userId: id,
      name,
      platformAdmin: false,
      team: { id: teamId, role: undefined },
      apiKey: { scopes: scopes.filter(isGrantable), expiresAt },
    };
  }

  /** What is being read meanwhile may be old, whichever team it is of. */
  private forget(teamId: TeamId | undefined): void {
    this.generation += 1;
    if (teamId === undefined) this.remembered.clear();
    for (const [key, { team }] of this.remembered.entries())
      if (team.id === teamId) this.remembered.delete(key);
  }
}

/** A key is expired from the moment on that it names. */
export function isExpired({ expiresAt }: Pick<ApiKeyGrant, 'expiresAt'>, now = new Date()): boolean {
  return expiresAt !== null && expiresAt <= now;
}
