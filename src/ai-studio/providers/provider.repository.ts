import { Inject, Injectable } from '@nestjs/common';
import type { TeamId } from '@kdx/shared';
import { changed, difference, unchanged, type AuditOrigin } from '../../platform/audit';
import { PlatformTransaction, TeamTransaction } from '../../platform/database';
import { PlatformChanges } from '../../platform/tenancy';
import { Provider } from './provider.entities';

/** The global providers. Teams read them; only the platform writes. */
@Injectable()
export class ProviderRepository {
  constructor(
    @Inject(TeamTransaction) private readonly team: TeamTransaction,
    @Inject(PlatformTransaction) private readonly platform: PlatformTransaction,
    @Inject(PlatformChanges) private readonly changes: PlatformChanges,
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
  insert(origin: AuditOrigin, provider: Provider): Promise<boolean> {
    return this.changes.commit(origin, async (manager) => {
      const result = await manager
        .createQueryBuilder()
        .insert()
        .into(Provider)
        .values(provider)
        .orIgnore()
        .returning('id')
        .execute();
      const rows: unknown = result.raw;
      if (!Array.isArray(rows) || rows.length !== 1) return unchanged(false);
      return changed(true, difference('providers.create', toTarget(provider), null, told(provider)));
    });
  }

  /** `null` where there is none. */
  update(
    origin: AuditOrigin,
    id: string,
    change: Partial<Pick<Provider, 'displayName' | 'baseUrl' | 'status'>>,
  ): Promise<Provider | null> {
    return this.changes.commit<Provider | null>(origin, async (manager) => {
      const before = await manager.findOne(Provider, { where: { id }, lock: { mode: 'pessimistic_write' } });
      if (!before) return unchanged(null);
      const after = { ...before, ...change, updatedAt: new Date() };
      await manager.update(Provider, { id }, { ...change, updatedAt: after.updatedAt });
      return changed(after, difference('providers.update', toTarget(after), told(before), told(after)));
    });
  }

  /** False where there is none. Takes its models, the teams' settings of them, and the keys stored for it along. */
  delete(origin: AuditOrigin, id: string): Promise<boolean> {
    return this.changes.commit(origin, async (manager) => {
      const stored = await manager.findOne(Provider, { where: { id }, lock: { mode: 'pessimistic_write' } });
      if (!stored) return unchanged(false);
      await manager.delete(Provider, { id });
      return changed(true, difference('providers.delete', toTarget(stored), told(stored), null));
    });
  }
}

function toTarget({ id, displayName }: Provider) {
  return { type: 'provider', id, name: displayName };
}

function told({ kind, displayName, baseUrl, status }: Provider) {
  return { kind, displayName, baseUrl, status };
}
