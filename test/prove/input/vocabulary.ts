import { randomUUID } from 'node:crypto';
import * as fc from 'fast-check';
import type { Schema, Vocabulary } from './schemas';
import { poolSize } from './world';

const one = (name: string) => fc.nat(poolSize - 1).map((index) => `~${name}${index}~`);
const usable = fc.constant('sandbox/echo');
const absent = fc.constant(undefined);
/** Names that have to be new, also when the same request is sent again while it is shrunk. */
const fresh = (make: (unique: string) => string) => fc.constant(null).map(() => make(randomUUID()));

const userMessage = fc.record({
  role: fc.constant('user'),
  parts: fc.array(
    fc.record({
      type: fc.constant('text'),
      text: fc
        .string({ unit: 'grapheme', minLength: 1 })
        .map((text) => `x${text.toWellFormed().replaceAll('\0', '')}`),
    }),
    { minLength: 1, maxLength: 3 },
  ),
});
const said = fc.oneof(
  fc.record({ text: fc.constantFrom('Hello', 'Hi \u{1f600}') }),
  fc.record({ message: userMessage }),
);

/** Fields of which a schema does not say enough to be accepted. */
const fields: Record<string, fc.Arbitrary<unknown>> = {
  sessionId: one('session'),
  agentId: one('agent'),
  folderId: one('folder'),
  parentId: fc.constantFrom(undefined, null),
  headMessageId: absent,
  branch: absent,
  chatId: one('session'),
  executionId: fc.constant('~execution~'),
  providerId: one('provider'),
  modelId: usable,
  defaultModelId: usable,
  appId: fc.constantFrom('chat', 'aiStudio'),
  config: fc.constantFrom(
    {},
    {},
    { agentSwitching: 'locked' },
    { userInstructions: { enabled: true, content: 'Be brief.' } },
  ),
  baseUrl: fc.constant('http://127.0.0.1:9/v1'),
  kind: fc.constant('openai-compatible'),
  modelKey: fresh((unique) => `m-${unique}`),
  token: fc.constant('sk-0123456789abcdef'),
  instructions: fc.constantFrom('Answer.', 'Answer {{userName}} on {{date}}.'),
  variables: fc.constantFrom([], [{ name: 'company', default: 'Acme' }]),
  libraryIds: fc.constant([]),
  providerOptions: fc.constantFrom({}, { sandbox: { tokensPerSecond: 1_000 } }),
  cursor: absent,
  version: absent,
  currentVersion: absent,
  metadata: absent,
  firstPartTimeoutMs: absent,
  provider: fc.constant('openai'),
  chain: fc.constantFrom('team', 'instance'),
  accept: absent,
  scopes: fc.constantFrom(['chat.use'], ['models.read', 'agents.read']),
  expiresAt: fc.constantFrom(undefined, null),
  keyId: one('key'),
  after: absent,
  offset: fc.constantFrom(undefined, 0),
  lastEventId: absent,
  idempotencyKey: fresh((unique) => unique),

  ...both('PATCH /api/v1/agents/{agentId}', 'mutation aiAgents.update', { modelId: usable }),
  ...both('POST /api/v1/agents', 'mutation aiAgents.create', { name: fresh((unique) => `Agent ${unique}`) }),
  ...both('PATCH /api/v1/agents/{agentId}', 'mutation aiAgents.update', {
    name: fresh((unique) => `Agent ${unique}`),
  }),
  ...both('POST /api/v1/agents/{agentId}/rollback', 'mutation aiAgents.rollback', {
    version: fc.constant(1),
  }),
  ...both('POST /api/v1/providers', 'mutation aiProviders.create', { id: fresh((unique) => `p-${unique}`) }),
  ...both('PATCH /api/v1/team-providers/{providerId}', 'mutation aiProviders.updateForTeam', {
    providerId: one('endpoint'),
  }),
  ...both('POST /api/v1/team-providers', 'mutation aiProviders.createForTeam', {
    displayName: fresh((unique) => `Endpoint ${unique}`),
  }),
  ...both('PATCH /api/v1/team-providers/{providerId}', 'mutation aiProviders.updateForTeam', {
    displayName: fresh((unique) => `Endpoint ${unique}`),
  }),
  ...both('DELETE /api/v1/team-providers/{providerId}', 'mutation aiProviders.deleteForTeam', {
    providerId: one('endpoint'),
  }),
  ...both('DELETE /api/v1/tokens/{providerId}', 'mutation aiTokens.removeByProvider', {
    providerId: one('listed'),
  }),
  ...both('POST /api/v1/tokens/{providerId}/test', 'mutation aiTokens.test', { providerId: one('listed') }),
  ...both('POST /api/v1/models', 'mutation aiModels.create', { providerId: fc.constant('openai') }),
  ...both('PATCH /api/v1/models/{modelId}', 'mutation aiModels.update', { modelId: one('model') }),
  ...both('DELETE /api/v1/models/{modelId}', 'mutation aiModels.delete', { modelId: one('model') }),
  ...both('PATCH /api/v1/team-models/{modelId}', 'mutation aiTeamModels.update', { modelId: one('model') }),
  'mutation aiTeamModels.toggle modelId': one('model'),
  ...both('PUT /api/v1/team-models/order', 'mutation aiTeamModels.reorder', {
    modelIds: fc.constant(['sandbox/echo']),
  }),
  ...both('POST /api/v1/model-sync/{providerId}/diff', 'mutation aiModelSync.diff', {
    providerId: one('listed'),
  }),
  'POST /api/v1/model-sync/{providerId}/apply params': fc
    .nat(poolSize - 1)
    .map((index) => ({ providerId: `~listed${index}~` })),
  'POST /api/v1/model-sync/{providerId}/apply diffId': one('diff'),
  'mutation aiModelSync.apply body': fc
    .nat(poolSize - 1)
    .map((index) => ({ providerId: `~listed${index}~`, diffId: `~diff${index}~` })),
  ...both('GET /api/v1/chat/sessions/{sessionId}/messages/{messageId}/context', 'query chat.getContext', {
    sessionId: fc.constant('~said~'),
    messageId: fc.constant('~answer~'),
  }),
  'POST /api/v1/chat/sessions/{sessionId}/messages body': said,
  'subscription chat.sendMessage body': fc
    .tuple(one('session'), said)
    .map(([sessionId, what]) => ({ sessionId, ...what })),

  ...both('POST /api/v1/chat/folders', 'mutation chat.createFolder', {
    name: fresh((unique) => `Folder ${unique}`),
  }),
  ...both('PATCH /api/v1/chat/folders/{folderId}', 'mutation chat.updateFolder', {
    name: fresh((unique) => `Folder ${unique}`),
  }),
  ...both(
    'POST /api/v1/chat/sessions/{sessionId}/messages/{messageId}/regenerate',
    'subscription chat.regenerate',
    {
      sessionId: fc.constant('~asked~'),
      messageId: fc.constant('~question~'),
    },
  ),
  ...both('GET /api/v1/chat/sessions/{sessionId}/files/{fileId}', 'query chat.getFile', {
    sessionId: fc.constant('~asked~'),
    fileId: fc.constant('~file~'),
  }),
  'POST /api/v1/chat body': fc.record({
    id: fresh((unique) => unique),
    trigger: fc.constantFrom('submit-message', 'regenerate-message'),
    messages: userMessage.map((message) => [message]),
  }),

  ...auth(),
};

/** The same for a route and for the procedure that does the same. */
function both(
  route: string,
  procedure: string,
  values: Record<string, fc.Arbitrary<unknown>>,
): Record<string, fc.Arbitrary<unknown>> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([field, value]) =>
      [route, procedure].map((door) => [`${door} ${field}`, value]),
    ),
  );
}

/** Bodies of Better Auth's routes, about a guest and the guest's team. */
function auth(): Record<string, fc.Arbitrary<unknown>> {
  const email = fresh((unique) => `${unique}@example.com`);
  const password = fc.constant('~password~');
  const bodies: Record<string, fc.Arbitrary<unknown>> = {
    'sign-up/email': fc.record({ name: fc.constant('Ada'), email, password }),
    'sign-in/email': fc.record({ email: fc.constant('~guestEmail~'), password }),
    'sign-out': fc.constant({}),
    'sign-in/social': fc.constant({ provider: 'github' }),
    'link-social': fc.constant({ provider: 'github' }),
    'change-password': fc.record({ currentPassword: password, newPassword: password }),
    'update-user': fc.record({ name: fc.constantFrom('Ada', 'Grace') }),
    'revoke-session': fc.constant({ token: 'none' }),
    'organization/create': fresh((unique) => unique).map((slug) => ({ name: 'Team', slug })),
    'organization/update': fc.constant({ organizationId: '~guestTeam~', data: { name: 'Another' } }),
    'organization/delete': fc.constant({ organizationId: '~leaverTeam~' }),
    'organization/set-active': fc.constant({ organizationId: '~guestTeam~' }),
    'organization/invite-member': email.map((address) => ({
      email: address,
      role: 'member',
      organizationId: '~guestTeam~',
    })),
    'organization/cancel-invitation': fc.constant({ invitationId: '~invitation~' }),
    'organization/accept-invitation': fc.constant({ invitationId: '~invitation~' }),
    'organization/reject-invitation': fc.constant({ invitationId: '~invitation~' }),
    'organization/check-slug': fresh((slug) => slug).map((slug) => ({ slug })),
    'organization/remove-member': fc.constant({
      organizationId: '~guestTeam~',
      memberIdOrEmail: '~companionEmail~',
    }),
    'organization/update-member-role': fc.constant({
      organizationId: '~guestTeam~',
      memberId: '~companionMember~',
      role: 'admin',
    }),
    'organization/leave': fc.constant({ organizationId: '~leaverTeam~' }),
    'organization/has-permission': fc.constant({
      organizationId: '~guestTeam~',
      permissions: { member: ['create'] },
    }),
  };
  const queries: Record<string, fc.Arbitrary<unknown>> = {
    'get-session': fc.constant({}),
    'organization/get-invitation': fc.constant({ id: '~invitation~' }),
    ...Object.fromEntries(
      [
        'get-organization',
        'get-full-organization',
        'list-invitations',
        'list-members',
        'get-active-member-role',
        'list-user-invitations',
      ].map((name) => [`organization/${name}`, fc.constant({})]),
    ),
  };
  return {
    ...Object.fromEntries(
      Object.entries(bodies).map(([route, body]) => [`POST /api/auth/${route} body`, body]),
    ),
    ...Object.fromEntries(
      Object.entries(queries).map(([route, query]) => [`GET /api/auth/${route} query`, query]),
    ),
  };
}

export function vocabularyOf(schemas: Record<string, Schema>): Vocabulary {
  return { schemas, fields };
}
