import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Scope } from '@kdx/shared';
import { changed, difference } from '../platform/audit';
import { TeamTransaction } from '../platform/database';
import { TeamChanges } from '../platform/tenancy';
import { AppTeamConfig, UserAppTeamConfig } from './app-config.entities';

export type ConfigLevel = 'team' | 'user';

/** A document as it is stored. */
export interface StoredConfig {
  config: Record<string, unknown>;
  schemaVersion: number;
  version: number;
  updatedAt: Date;
}

/** Both documents of an app, as one user of a team has them. */
export interface StoredPair {
  team: StoredConfig | null;
  user: StoredConfig | null;
}

interface PairRow {
  team: (Omit<StoredConfig, 'updatedAt'> & { updatedAt: string }) | null;
  user: (Omit<StoredConfig, 'updatedAt'> & { updatedAt: string }) | null;
}

const columns = `json_build_object('config', config, 'schemaVersion', schema_version, 'version', version, 'updatedAt', updated_at)`;

@Injectable()
export class AppConfigRepository {
  constructor(
    @Inject(TeamTransaction) private readonly transaction: TeamTransaction,
    @Inject(TeamChanges) private readonly changes: TeamChanges,
  ) {}

  /** Both documents of `scope.appId` in one round trip. */
  async findPair(scope: Scope): Promise<StoredPair> {
    if (!/^[a-zA-Z0-9]+$/.test(scope.appId)) throw new TypeError('An app id is alphanumeric.');
    const [row] = await this.transaction.readOne<PairRow>(
      scope,
      `select
         (select ${columns} from app_team_config
           where team_id = (select current_setting('app.team_id')::uuid) and app_id = '${scope.appId}') as team,
         (select ${columns} from user_app_team_config
           where team_id = (select current_setting('app.team_id')::uuid)
             and user_id = (select current_setting('app.user_id')::uuid) and app_id = '${scope.appId}') as "user"`,
    );
    return { team: withDate(row?.team), user: withDate(row?.user) };
  }

  /**
   * Reads the document under a lock, lets `change` make the next one, and stores it. `change` throws to refuse.
   * Two first saves at once: the second waits, then sees the first.
   */
  save(
    scope: Scope,
    level: ConfigLevel,
    change: (stored: StoredConfig | null) => { config: Record<string, unknown>; schemaVersion: number },
  ): Promise<StoredConfig> {
    return this.changes.commit(scope, async (manager) => {
      await lockDocument(manager, scope, level);
      const stored = await findOne(manager, scope, level);
      const next = { ...change(stored), version: (stored?.version ?? 0) + 1, updatedAt: new Date() };
      const { teamId, userId, appId } = scope;
      if (level === 'team') {
        await manager.save(AppTeamConfig, { teamId, appId, updatedBy: userId, ...next });
      } else {
        await manager.save(UserAppTeamConfig, { teamId, userId, appId, ...next });
      }
      const target = { type: 'appConfig', id: `${appId}/${level}` };
      return changed(next, difference(`appConfig.${writes[level]}`, target, told(stored), told(next)));
    });
  }
}

/** The fields of a document, and its version, which moves with every save. */
function told(stored: StoredConfig | null): object | null {
  return stored && { ...stored.config, version: stored.version };
}

/** Both are named like their permissions. */
const writes = { team: 'writeTeam', user: 'writeOwn' };

/** A row that is not there yet cannot be locked; this lock ends with the transaction. */
async function lockDocument(manager: EntityManager, scope: Scope, level: ConfigLevel): Promise<void> {
  const name = `app-config:${level}:${scope.teamId}:${scope.appId}:${level === 'user' ? scope.userId : ''}`;
  await manager.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [name]);
}

function findOne(manager: EntityManager, scope: Scope, level: ConfigLevel): Promise<StoredConfig | null> {
  const { teamId, userId, appId } = scope;
  return level === 'team'
    ? manager.findOneBy(AppTeamConfig, { teamId, appId })
    : manager.findOneBy(UserAppTeamConfig, { teamId, userId, appId });
}

function withDate(row: PairRow['team'] | undefined): StoredConfig | null {
  return row ? { ...row, updatedAt: new Date(row.updatedAt) } : null;
}
