import { Inject, Injectable } from '@nestjs/common';
import type { TeamId } from '@kdx/shared';
import { AcrossTeams } from '../../platform/database';
import type { KekVersion } from './kek-provider';

/** How many data keys a version of a key-encryption key wraps. */
export interface KeyUse extends KekVersion {
  count: number;
}

/** A data key, by its team. */
export interface KeyName {
  teamId: TeamId;
  id: string;
}

/** Which key-encryption keys are in use, across teams: ids, versions and counts, never a wrapped key. */
@Injectable()
export class KeyUseRepository {
  constructor(@Inject(AcrossTeams) private readonly acrossTeams: AcrossTeams) {}

  /** The most used first. */
  async count(): Promise<KeyUse[]> {
    return this.acrossTeams.read<KeyUse>(
      `select kek_id as "kekId", kek_version as "kekVersion", count(*)::int as count
         from team_key group by 1, 2 order by 3 desc, 1, 2`,
      [],
    );
  }

  /** Up to `limit` data keys that another key than `current` wraps, behind `after`, in the order of their names. */
  listDue(current: KekVersion, after: KeyName | undefined, limit: number): Promise<KeyName[]> {
    return this.acrossTeams.read<KeyName>(
      `select team_id as "teamId", id from team_key
        where (kek_id, kek_version) is distinct from ($1, $2)
          and ($3::uuid is null or (team_id, id) > ($3::uuid, $4::uuid))
        order by team_id, id limit $5`,
      [current.kekId, current.kekVersion, after?.teamId ?? null, after?.id ?? null, limit],
    );
  }

  /** Up to `limit` data keys that `kekId` wraps, in the version `kekVersion` if it is given. */
  listUnder(kekId: string, limit: number, kekVersion?: string): Promise<KeyName[]> {
    return this.acrossTeams.read<KeyName>(
      `select team_id as "teamId", id from team_key
        where kek_id = $1 and ($3::text is null or kek_version = $3)
        order by team_id, id limit $2`,
      [kekId, limit, kekVersion ?? null],
    );
  }

  /** Up to `limit` teams with a data key, behind `after`, in the order of their ids. */
  async listTeams(after: TeamId | undefined, limit: number): Promise<TeamId[]> {
    const rows = await this.acrossTeams.read<Pick<KeyName, 'teamId'>>(
      `select distinct team_id as "teamId" from team_key
        where $1::uuid is null or team_id > $1::uuid order by 1 limit $2`,
      [after ?? null, limit],
    );
    return rows.map(({ teamId }) => teamId);
  }

  /** How many teams have no data key that was made since `since`. */
  async countTeamsWithout(since: Date): Promise<number> {
    const [row] = await this.acrossTeams.read<{ count: number }>(
      `select count(*)::int as count
         from (select from team_key group by team_id having max(created_at) < $1) team`,
      [since],
    );
    return row?.count ?? 0;
  }
}
