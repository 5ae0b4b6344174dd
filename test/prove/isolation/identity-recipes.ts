import type { Recipe } from './recipes';
import { slots as id, type Template } from './slots';

const one = (door: string, input: Template = {}): Recipe => {
  const [method, path] = door.split(' ');
  return { door: `${method} /api/auth${path}`, input };
};

/** A door through which nobody comes here, for this reason. */
const shut = (refused: string, recipe: Recipe): Recipe => ({ ...recipe, refused });

/** A name that is unique in the instance: who tries to take it learns that somebody has it. */
const tells = (reason: string, recipe: Recipe): Recipe => ({
  ...recipe,
  refused: 'it is taken',
  tells: reason,
});

const noMail = 'the server sends no mail';
const noSocial = 'there are no social providers';
const password = 'correct horse battery';

/** Better Auth's doors. Its "organization" is a team. */
export const identityRecipes: Recipe[] = [
  one('GET /ok'),
  one('GET /error'),
  one('POST /sign-up/email', { name: 'x', email: 'new@example.com', password }),
  tells('an address is unique', one('POST /sign-up/email', { name: 'x', email: id.email, password })),
  one('POST /sign-in/email', { email: 'ours-owner@example.com', password }),
  shut('the password is wrong', one('POST /sign-in/email', { email: id.email, password: 'a wrong one' })),
  one('POST /sign-out'),
  one('GET /get-session'),
  shut('GET does it', one('POST /get-session')),
  one('GET /list-sessions'),
  one('POST /revoke-session', { token: id.sessionToken }),
  one('POST /revoke-sessions'),
  one('POST /revoke-other-sessions'),
  shut('it has no field of its own', one('POST /update-session')),
  one('POST /update-user', { name: 'Another' }),
  one('POST /verify-password', { password }),
  one('POST /change-password', { currentPassword: password, newPassword: 'another horse battery' }),
  shut('addresses are not changed', one('POST /change-email', { newEmail: id.email })),
  shut('accounts are not deleted', one('POST /delete-user', { token: id.sessionToken })),
  shut('accounts are not deleted', one('GET /delete-user/callback', { token: id.sessionToken })),
  shut(noMail, one('POST /request-password-reset', { email: id.email })),
  shut(noMail, one('GET /reset-password/:token', { token: id.sessionToken, callbackURL: '/' })),
  shut(noMail, one('POST /reset-password', { token: id.sessionToken, newPassword: password })),
  shut(noMail, one('GET /verify-email', { token: id.sessionToken })),
  shut(noMail, one('POST /send-verification-email', { email: id.email })),
  shut(noSocial, one('POST /sign-in/social', { provider: 'google', loginHint: id.email })),
  shut(noSocial, one('POST /link-social', { provider: 'google' })),
  one('GET /callback/:id', { id: 'google', state: id.sessionToken }), // a page that says what went wrong
  one('POST /callback/:id', { id: 'google', state: id.sessionToken }),
  shut(noSocial, one('POST /refresh-token', { providerId: 'google', accountId: id.user })),
  shut(noSocial, one('POST /get-access-token', { providerId: 'google', accountId: id.user })),
  shut(noSocial, one('GET /account-info', { accountId: id.user })),
  shut('it is the last', one('POST /unlink-account', { providerId: 'credential', accountId: id.user })),
  one('GET /list-accounts'),
  one('GET /organization/list'),
  one('POST /organization/create', { name: 'A new team', slug: 'a-new-team' }),
  tells('a slug is unique', one('POST /organization/create', { name: 'A new team', slug: id.slug })),
  tells('a slug is unique', one('POST /organization/check-slug', { slug: id.slug })),
  one('POST /organization/update', { organizationId: id.team, data: { name: 'Renamed' } }),
  one('POST /organization/delete', { organizationId: id.team }),
  one('POST /organization/set-active', { organizationId: id.team }),
  one('POST /organization/set-active', { organizationSlug: id.slug }),
  one('GET /organization/get-organization', { organizationId: id.team }),
  one('GET /organization/get-organization', { organizationSlug: id.slug }),
  one('GET /organization/get-full-organization', { organizationId: id.team }),
  one('GET /organization/get-full-organization', { organizationSlug: id.slug }),
  one('POST /organization/invite-member', {
    email: 'guest@example.com',
    role: 'member',
    organizationId: id.team,
  }),
  one('POST /organization/cancel-invitation', { invitationId: id.invitation }),
  shut(
    'it is for somebody else',
    one('POST /organization/accept-invitation', { invitationId: id.invitation }),
  ),
  shut(
    'it is for somebody else',
    one('POST /organization/reject-invitation', { invitationId: id.invitation }),
  ),
  shut('it is for somebody else', one('GET /organization/get-invitation', { id: id.invitation })),
  one('GET /organization/list-invitations', { organizationId: id.team }),
  shut(noMail, one('GET /organization/list-user-invitations')),
  one('GET /organization/get-active-member'),
  one('GET /organization/list-members', { organizationId: id.team }),
  one('GET /organization/list-members', { organizationSlug: id.slug }),
  shut(
    'filters are not taken',
    one('GET /organization/list-members', {
      organizationId: id.team,
      filterField: 'userId',
      filterValue: id.user,
    }),
  ),
  one('GET /organization/get-active-member-role', { organizationId: id.team, userId: id.user }),
  one('POST /organization/has-permission', {
    organizationId: id.team,
    permissions: { member: ['delete'] },
  }),
  one('POST /organization/update-member-role', {
    memberId: id.colleague,
    role: 'admin',
    organizationId: id.team,
  }),
  one('POST /organization/remove-member', { memberIdOrEmail: id.colleagueOrEmail, organizationId: id.team }),
  shut('the only owner stays', one('POST /organization/leave', { organizationId: id.team })),
];
