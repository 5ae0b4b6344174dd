import { Inject, Injectable } from '@nestjs/common';
import type { TeamId, UserId } from '@kdx/shared';
import { Database } from '../../platform/database';

/** Reads who belongs to a team. Better Auth writes these rows. */
@Injectable()
export class MembershipRepository {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** The role text of a member, `undefined` for somebody who is none (or a team that is none). */
  async findRole(userId: UserId, teamId: TeamId): Promise<string | undefined> {
    const { rows } = await this.database.pool.query<{ role: string }>(
      'select role from team_member where user_id = $1 and team_id = $2',
      [userId, teamId],
    );
    return rows[0]?.role;
  }
}
