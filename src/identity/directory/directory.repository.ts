import { Inject, Injectable } from '@nestjs/common';
import type { TeamId, UserId } from '@kdx/shared';
import { Database } from '../../platform/database';

/** What a person and a team are called. */
export interface Names {
  userName: string;
  teamName: string;
}

/** Reads names of members and their teams. Better Auth writes these rows. */
@Injectable()
export class DirectoryRepository {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** `undefined` unless the user is a member of the team. */
  async find(userId: UserId, teamId: TeamId): Promise<Names | undefined> {
    const { rows } = await this.database.pool.query<Names>(
      `select auth_user.name as "userName", team.name as "teamName"
         from team_member
         join auth_user on auth_user.id = team_member.user_id
         join team on team.id = team_member.team_id
        where team_member.user_id = $1 and team_member.team_id = $2`,
      [userId, teamId],
    );
    return rows[0];
  }
}
