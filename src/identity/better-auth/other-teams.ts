import { Inject, Injectable } from '@nestjs/common';
import { isUuid } from '@kdx/shared';
import type { Asker } from './asker';
import { maxLengths } from './names';
import { OwnershipRepository } from './ownership.repository';

/** Names nothing: no row has a nil id, and no team a slug that is too long. */
const never = { id: '00000000-0000-0000-0000-000000000000', slug: 'x'.repeat(maxLengths.slug + 1) };

type Kind = 'team' | 'slug' | 'invitation' | 'member';

const team = { organizationId: 'team', organizationSlug: 'slug' } as const;
const invitation = { invitationId: 'invitation', id: 'invitation' } as const;

/** The routes on which Better Auth would say that another team, invitation or member exists, or what role they have. */
const routes: Partial<Record<string, Partial<Record<string, Kind>>>> = {
  '/organization/get-organization': team,
  '/organization/get-full-organization': team,
  '/organization/list-members': team,
  '/organization/set-active': team,
  '/organization/get-invitation': invitation,
  '/organization/accept-invitation': invitation,
  '/organization/reject-invitation': invitation,
  '/organization/cancel-invitation': invitation,
  '/organization/update-member-role': { memberId: 'member' },
  '/organization/remove-member': { memberIdOrEmail: 'member' },
};

/**
 * Puts a name that never was in the place of one that is not the caller's to know, before Better Auth sees it: it then
 * answers the two alike, whatever it is that it answers.
 */
@Injectable()
export class OtherTeams {
  constructor(@Inject(OwnershipRepository) private readonly ownership: OwnershipRepository) {}

  /** Whether something of a team is named on a route: who calls it has to be known, then. */
  concerns(path: string): boolean {
    return routes[path] !== undefined;
  }

  /** The fields of body or query that have to be replaced, by name: all of them for an unknown `asker`. */
  async hide(asker: Asker | undefined, path: string, sent: unknown): Promise<Record<string, string>> {
    const kinds = routes[path];
    if (!kinds || typeof sent !== 'object' || sent === null) return {};
    const named = text(sent, 'organizationId');
    const hidden: Record<string, string> = {};
    for (const [field, kind] of Object.entries(kinds)) {
      const value = text(sent, field);
      if (!value || !kind) continue;
      const isOwn = asker && (await this.isOwn(kind, value, { ...asker, teamId: named ?? asker.teamId }));
      if (!isOwn) hidden[field] = kind === 'slug' ? never.slug : never.id;
    }
    return hidden;
  }

  private async isOwn(kind: Kind, name: string, { userId, teamId }: Asker): Promise<boolean> {
    if (kind === 'slug') return this.ownership.isMemberBySlug(userId, name);
    if (kind === 'member' && name.includes('@')) return true; // an address is looked for in the named team alone
    if (!isUuid(name)) return false;
    if (kind === 'team') return this.ownership.isMember(userId, name);
    if (kind === 'invitation') return this.ownership.ownsInvitation(userId, name);
    return isUuid(teamId) && this.ownership.isMembershipOf(teamId, name);
  }
}

function text(sent: object, name: string): string | undefined {
  const found: unknown = Object.entries(sent).find(([key]) => key === name)?.[1];
  return typeof found === 'string' ? found : undefined;
}
