import { Inject, Injectable } from '@nestjs/common';
import type { Scope, TeamId, UserId } from '@kdx/shared';
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

/** Who is or was of a team and, where they came by one, in which sign-in. */
export type Membership = Pick<Scope, 'teamId' | 'userId' | 'signInId'>;

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
          and ${isOfTeam('$1', '$2')}`,
      [userId, teamId],
    );
    return rows[0];
  }

  /**
   * Those of them that are no members of their team, nor API keys of it that have not ended; and those whose sign-in is
   * over, whoever ended it.
   */
  async listOutsiders<M extends Membership>(memberships: M[]): Promise<M[]> {
    const { rows } = await this.database.pool.query<{ index: number }>(
      `select (asked.place - 1)::integer as index
         from unnest($1::uuid[], $2::uuid[], $3::uuid[]) with ordinality as asked (user_id, team_id, sign_in_id, place)
        where not ${isOfTeam('asked.user_id', 'asked.team_id')}
           or (asked.sign_in_id is not null and not exists (
                select from auth_session
                 where id = asked.sign_in_id and user_id = asked.user_id and expires_at > now()))`,
      [
        memberships.map(({ userId }) => userId),
        memberships.map(({ teamId }) => teamId),
        memberships.map(({ signInId }) => signInId ?? null),
      ],
    );
    return rows.flatMap(({ index }) => memberships[index] ?? []);
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

function isOfTeam(userId: string, teamId: string): string {
  return `(exists (select from team_member where user_id = ${userId} and team_id = ${teamId})
    or exists (select from api_key
                where id = ${userId} and team_id = ${teamId} and (expires_at is null or expires_at > now())))`;
}
