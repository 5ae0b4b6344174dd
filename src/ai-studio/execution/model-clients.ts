import { Inject, Injectable } from '@nestjs/common';
import type { LanguageModelV4 } from '@ai-sdk/provider';
import { LRUCache } from 'lru-cache';
import type { TeamId } from '@kdx/shared';
import { EgressGuard } from '../../platform/egress';
import { TeamDeletions } from '../../platform/tenancy';
import { EncryptionService } from '../encryption/encryption.service';
import type { SnapshotModel, TeamSnapshot } from '../models/team-snapshot';
import { getProviderKind } from '../providers/provider-kinds';
import { keySwitch } from '../providers/switches';
import { tokenPlace } from '../tokens/token-place';

/** The AI SDK models of teams, each made with that team's key, kept for ten minutes. */
@Injectable()
export class ModelClients {
  private readonly clients = new LRUCache<string, LanguageModelV4>({ max: 5_000, ttl: 600_000 });
  private generation = 0;

  constructor(
    @Inject(EncryptionService) private readonly encryption: EncryptionService,
    @Inject(EgressGuard) private readonly egress: EgressGuard,
    @Inject(TeamDeletions) deletions: TeamDeletions,
  ) {
    deletions.subscribe((teamId) => this.forget(teamId));
  }

  /**
   * The client of a candidate. Its key in memory is led by team, token and token version, so that no team ever gets
   * another's client and a replaced key is never used again. Throws `TOKEN_UNREADABLE`.
   */
  async get(
    teamId: TeamId,
    snapshot: TeamSnapshot,
    { modelKey, provider, token }: SnapshotModel,
  ): Promise<LanguageModelV4> {
    const key = JSON.stringify([
      teamId,
      token?.id ?? null,
      token?.version ?? null,
      provider.id,
      provider.baseUrl,
      modelKey,
    ]);
    const known = this.clients.get(key);
    if (known) return known;
    const { generation } = this;
    const client = await getProviderKind(provider.kind).createModel({
      baseUrl: provider.baseUrl,
      apiKey:
        token &&
        (await this.encryption.open(teamId, tokenPlace(token.id, provider), token.sealed, {
          known: snapshot.keys,
          storedBy: keySwitch(provider.id),
        })),
      fetch: this.egress.fetch,
      modelKey,
    });
    if (generation === this.generation) this.clients.set(key, client); // else the team may be gone meanwhile
    return client;
  }

  /** A deleted team's clients, each with its opened key, go with it. */
  private forget(teamId: TeamId | undefined): void {
    this.generation += 1;
    if (teamId === undefined) return this.clients.clear();
    const prefix = JSON.stringify([teamId]).slice(0, -1);
    for (const key of [...this.clients.keys()]) if (key.startsWith(prefix)) this.clients.delete(key);
  }
}
