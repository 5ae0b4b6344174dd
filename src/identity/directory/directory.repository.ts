import { Inject, Injectable } from '@nestjs/common';
import type { TeamId, UserId } from '@kdx/shared';
import { Database } from '../../platform/database';

/** What a person and a team are called. */
export interface Names {
  userName: string;
  teamName: string;
}

/** Somebody by whom a thing of a team was made, and what they are to it now. */
export interface Maker {
  userId: UserId;
  name: string;
  /** Better Auth's text; `null` for who is no member. */
  role: string | null;
  kind: 'person' | 'apiKey';
}

/** Reads names of members, API keys and their teams. Better Auth and the database itself write these rows. */
@Injectable()
export class DirectoryRepository {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** `undefined` unless the user is a member of the team, or an API key of it that has not ended. */
  async find(userId: UserId, teamId: TeamId): Promise<Names | undefined> {
    const { rows } = await this.database.pool.query<Names>(
      `select auth_user.name as "userName", team.name as "teamName"
         from auth_user, team
        where auth_user.id = $1 and team.id = $2
          and (exists (select from team_member where user_id = $1 and team_id = $2)
            or exists (select from api_key where id = $1 and team_id = $2 and (expires_at is null or expires_at > now())))`,
      [userId, teamId],
    );
    return rows[0];
  }

  /** Of users who made something in the team; those whose account or key is gone are left out. */
  async listMakers(teamId: TeamId, userIds: string[]): Promise<Maker[]> {
    const { rows } = await this.database.pool.query<Maker>(
      `select auth_user.id as "userId", auth_user.name, auth_user.kind, team_member.role
         from auth_user
         left join team_member on team_member.user_id = auth_user.id and team_member.team_id = $1
        where auth_user.id = any($2)`,
      [teamId, userIds],
    );
    return rows;
  }
}
