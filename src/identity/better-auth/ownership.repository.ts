import { Inject, Injectable } from '@nestjs/common';
import type { UserId } from '@kdx/shared';
import { Database } from '../../platform/database';

/** What a person may know of in Better Auth's tables: their own teams, and what belongs to these. Ids are UUIDs. */
@Injectable()
export class OwnershipRepository {
  constructor(@Inject(Database) private readonly database: Database) {}

  isMember(userId: UserId, teamId: string): Promise<boolean> {
    return this.exists('select from team_member where team_id = $1 and user_id = $2', [teamId, userId]);
  }

  isMemberBySlug(userId: UserId, slug: string): Promise<boolean> {
    return this.exists(
      `select from team_member join team on team.id = team_member.team_id
        where team.slug = $1 and team_member.user_id = $2`,
      [slug, userId],
    );
  }

  /** Of the one who is invited, and of members of the team that invites. */
  ownsInvitation(userId: UserId, invitationId: string): Promise<boolean> {
    return this.exists(
      `select from team_invitation invitation
        where invitation.id = $1
          and (exists (select from auth_user where id = $2 and lower(email) = lower(invitation.email))
               or exists (select from team_member where team_id = invitation.team_id and user_id = $2))`,
      [invitationId, userId],
    );
  }

  /** Whether a membership is one of the team. */
  isMembershipOf(teamId: string, memberId: string): Promise<boolean> {
    return this.exists('select from team_member where team_id = $1 and id = $2', [teamId, memberId]);
  }

  private async exists(statement: string, values: string[]): Promise<boolean> {
    const { rowCount } = await this.database.pool.query(statement, values);
    return rowCount !== null && rowCount > 0;
  }
}
