const unconfigured = 'nothing of this kind is configured here';
const unmailed = 'works with a token that is sent by mail, and this server sends none';
const invited = 'only the invited person may, and an invitation is for one';

/** Doors that take nothing, whatever is sent, each with its reason. */
export const neverTake: Record<string, string> = {
  'GET /metrics': 'there is no such route without METRICS_TOKEN',
  'POST /api/auth/sign-in/social': unconfigured,
  'POST /api/auth/link-social': unconfigured,
  'GET /api/auth/callback/{id}': unconfigured,
  'POST /api/auth/callback/{id}': unconfigured,
  'POST /api/auth/unlink-account': unconfigured,
  'POST /api/auth/refresh-token': unconfigured,
  'POST /api/auth/get-access-token': unconfigured,
  'GET /api/auth/account-info': unconfigured,
  'POST /api/auth/get-session': unconfigured,
  'POST /api/auth/update-session': unconfigured,
  'POST /api/auth/change-email': unconfigured,
  'POST /api/auth/delete-user': unconfigured,
  'GET /api/auth/delete-user/callback': unmailed,
  'POST /api/auth/verify-password': 'for the server itself',
  'GET /api/auth/verify-email': unmailed,
  'POST /api/auth/send-verification-email': unmailed,
  'POST /api/auth/request-password-reset': unmailed,
  'POST /api/auth/reset-password': unmailed,
  'GET /api/auth/reset-password/{token}': unmailed,
  'POST /api/auth/organization/accept-invitation': invited,
  'POST /api/auth/organization/reject-invitation': invited,
  'GET /api/auth/organization/get-invitation': invited,
  'GET /api/auth/organization/list-user-invitations': unmailed,
  'POST /api/auth/organization/leave': 'the last owner has to stay',
};
