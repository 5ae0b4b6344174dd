import { Inject, Injectable } from '@nestjs/common';
import type { TeamId } from '@kdx/shared';
import { PlatformTransaction, TeamTransaction } from '../../platform/database';
import { TeamChanges } from '../../platform/tenancy';
import { Provider } from './provider.entities';

/** The global providers. Teams read them; only the platform writes. */
@Injectable()
export class ProviderRepository {
  constructor(
    @Inject(TeamTransaction) private readonly team: TeamTransaction,
    @Inject(PlatformTransaction) private readonly platform: PlatformTransaction,
    @Inject(TeamChanges) private readonly changes: TeamChanges,
  ) {}

  listForTeam(teamId: TeamId): Promise<Provider[]> {
    return this.team.run({ teamId }, (manager) => manager.find(Provider, { order: { id: 'ASC' } }));
  }

  listAll(): Promise<Provider[]> {
    return this.platform.run((manager) => manager.find(Provider, { order: { id: 'ASC' } }));
  }

  find(id: string): Promise<Provider | null> {
    return this.platform.run((manager) => manager.findOneBy(Provider, { id }));
  }

  /** False where the id is taken. */
  async insert(provider: Provider): Promise<boolean> {
    const added = await this.platform.run(async (manager) => {
      const result = await manager
        .createQueryBuilder()
        .insert()
        .into(Provider)
        .values(provider)
        .orIgnore()
        .returning('id')
        .execute();
      const rows: unknown = result.raw;
      return Array.isArray(rows) && rows.length === 1;
    });
    if (added) await this.changes.announceForAllTeams();
    return added;
  }

  async update(
    id: string,
    change: Partial<Pick<Provider, 'displayName' | 'baseUrl' | 'status'>>,
  ): Promise<Provider | null> {
    const updated = await this.platform.run(async (manager) => {
      await manager.update(Provider, { id }, { ...change, updatedAt: new Date() });
      return manager.findOneBy(Provider, { id });
    });
    await this.changes.announceForAllTeams();
    return updated;
  }

  /** False where there is none. Takes its models, the teams' settings of them, and the keys stored for it along. */
  async delete(id: string): Promise<boolean> {
    const { affected } = await this.platform.run((manager) => manager.delete(Provider, { id }));
    await this.changes.announceForAllTeams();
    return affected === 1;
  }
}
