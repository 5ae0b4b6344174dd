import { permissions } from '../../../src/identity';
import type { TestApp } from '../../support/app';
import { addMember, createSession, say, signUp, Client } from '../../support/client';
import { openBytes } from '../../support/event-streams';
import { addTeamProvider, disableModel, enableModel, expectStatus } from '../../support/providers';
import { eventually } from '../../support/streams';
import type { WireServer } from '../../support/wire';
import type { ModelListServer } from '../../support/wire/model-lists';
import type { Asker, Askers } from './credentials';
import type { Ids } from './slots';

/** Stands in every text of the other team: what nobody of ours may ever see. */
export const canary = 'zq7canary';

/** A team with something in every table, and two of its people. */
export interface Team {
  owner: Asker;
  member: Asker;
}

/** What belongs to one person of a team. */
type Personal = Pick<
  Ids,
  | 'user'
  | 'email'
  | 'sessionToken'
  | 'session'
  | 'message'
  | 'answer'
  | 'folder'
  | 'file'
  | 'chat'
  | 'execution'
>;

type Shared = Omit<Ids, keyof Personal>;

/** Makes a team through the API; `mark` stands in whatever can be named. */
export async function makeTeam(app: TestApp, wire: WireServer, mark: string): Promise<Team> {
  const owner = await foundTeam(app, mark);
  const member = await addMember(app, owner);
  const colleague = await addMember(app, owner);
  const shared = await furnish(owner, wire, mark);
  const { items } = { items: await listMembers(owner) };
  const colleagueId = items.find(({ userId }) => userId === colleague.userId)?.id;
  if (!colleagueId || !colleague.email) throw new Error('A member who joined is in the list.');
  const all: Shared = { ...shared, colleague: colleagueId, colleagueEmail: colleague.email };
  return {
    owner: { client: owner, ids: { ...all, ...(await converse(owner, shared.agent, mark)) } },
    member: { client: member, ids: { ...all, ...(await converse(member, shared.agent, mark)) } },
  };
}

/** Our team, and everybody of it who will ask; the platform admin becomes an admin of it. */
export async function makeAskers(app: TestApp, wire: WireServer, first: Client): Promise<Askers> {
  const { owner, member } = await makeTeam(app, wire, 'ours');
  const elsewhere = { name: 'elsewhere', slug: 'elsewhere' };
  expectStatus(await member.client.post('/api/auth/organization/create', elsewhere)); // names of two teams are theirs to see
  expectStatus(
    await member.client.post('/api/auth/organization/set-active', { organizationId: owner.ids.team }),
  );
  const platformAdmin = await join(owner.client, first);
  const ids = { ...owner.ids, ...(await converse(platformAdmin, owner.ids.agent, 'platform')) };
  const apiKey = await makeApiKey(owner);
  return {
    admin: owner,
    member,
    platformAdmin: { client: platformAdmin, ids },
    ...(apiKey ? { apiKey } : {}),
  };
}

async function foundTeam(app: TestApp, mark: string): Promise<Client & { teamId: string }> {
  const person = await signUp(app, `${mark}-owner`);
  const { id } = expectStatus(
    await person.post('/api/auth/organization/create', {
      name: `${mark} team`,
      slug: `${mark}-team`,
      logo: `https://example.com/${mark}.png`,
      metadata: { note: mark },
    }),
  );
  return person.inTeam(id) as Client & { teamId: string };
}

/** All that belongs to the team as a whole. */
async function furnish(
  owner: Client,
  wire: WireServer,
  mark: string,
): Promise<Omit<Shared, 'colleague' | 'colleagueEmail'>> {
  const settings = { temperature: 0.5, providerOptions: { sandbox: { note: mark } } };
  const model = await addTeamProvider(owner, wire, { name: mark, modelKey: `${mark}-model`, settings });
  await enableModel(owner, 'sandbox/echo', settings);
  expectStatus(
    await owner.put(`/api/v1/tokens/${mark === canary ? 'mistral' : 'openai'}`, {
      token: `sk-${mark}-0123456789`,
    }),
  );
  const teamInstructions = { enabled: true, content: `${mark}: instructions of the team` };
  expectStatus(await owner.put('/api/v1/app-config/aiStudio/team', { config: { teamInstructions } }));
  const config = { agentSwitching: 'allowed', helperModelId: model.ref };
  expectStatus(await owner.put('/api/v1/app-config/chat/team', { config }));
  const summary = await converseAtLength(owner, wire, mark);
  const agentName = `${mark} agent`;
  const { id: agent } = expectStatus(
    await owner.post('/api/v1/agents', {
      name: agentName,
      description: mark,
      instructions: `${mark}: told to the agent`,
      modelId: model.id,
      settings: { providerOptions: { sandbox: { note: mark } } },
      variables: [{ name: 'who', description: mark, default: mark }],
    }),
    201,
  );
  expectStatus(await owner.patch(`/api/v1/agents/${agent}`, { description: `${mark}, again` }));
  const { id: invitation } = expectStatus(
    await owner.post('/api/auth/organization/invite-member', {
      email: `${mark}-guest@example.com`,
      role: 'member',
      organizationId: owner.teamId,
    }),
  );
  const key = { name: `${mark} key`, scopes: ['chat.use'] };
  const { id: apiKey } = expectStatus(await owner.post('/api/v1/api-keys', key), 201);
  const name = {
    apiKey,
    provider: model.providerId,
    providerName: mark,
    model: model.id,
    modelKey: `${mark}-model`,
  };
  return { team: owner.teamId ?? '', slug: `${mark}-team`, invitation, agent, agentName, summary, ...name };
}

/** A conversation too long for its model; gives the id of the summary of what was left out. */
async function converseAtLength(person: Client, wire: WireServer, mark: string): Promise<string> {
  const settings = { maxOutputTokens: 100 };
  const { id, ref } = await addTeamProvider(person, wire, {
    name: `${mark}-small`,
    modelKey: `${mark}-small`,
    contextWindow: 4_000,
    settings,
  });
  const session = await createSession(person, { title: `${mark} at length`, modelId: ref });
  const summary = await eventually(async () => {
    const { chunks } = await say(person, session, { text: `${mark} `.repeat(100) });
    const start = chunks.find(({ type }) => type === 'start');
    const context = await person.get(
      `/api/v1/chat/sessions/${session}/messages/${String(start?.messageId)}/context`,
    );
    return context.status === 200 && context.body.summary?.id;
  });
  await disableModel(person, id);
  return summary;
}

/** All that belongs to one person of the team. */
async function converse(person: Client, agent: string, mark: string): Promise<Personal> {
  const userInstructions = { enabled: true, content: `${mark}: what I want` };
  expectStatus(await person.put('/api/v1/app-config/aiStudio/me', { config: { userInstructions } }));
  const { id: folder } = expectStatus(
    await person.post('/api/v1/chat/folders', { name: `${mark} ${person.userId}` }),
    201,
  );
  await createSession(person, { title: `${mark} in a folder`, folderId: folder });
  const session = await createSession(person, { title: `${mark} talk`, modelId: 'sandbox/echo' });
  const message = {
    id: `${mark}-1`,
    role: 'user',
    parts: [{ type: 'text', text: mark }, toFilePart(mark)],
  };
  await (await openBytes(person, session, { message }, { 'idempotency-key': `${mark}-once` })).readAll();
  expectStatus(await person.patch(`/api/v1/chat/sessions/${session}`, { agentId: agent }));
  expectStatus(
    await person.patch(`/api/v1/chat/sessions/${session}`, { agentId: null, modelId: 'sandbox/echo' }),
  );
  await createSession(person, { title: `${mark} talk with the agent`, agentId: agent });
  const chat = `${mark}-chat-${person.userId}`;
  expectStatus(
    await person.post('/api/v1/chat', {
      id: chat,
      trigger: 'submit-message',
      messages: [{ id: `${mark}-2`, role: 'user', parts: [{ type: 'text', text: mark }] }],
      modelId: 'sandbox/echo',
    }),
  );
  const { items } = expectStatus(await person.get(`/api/v1/chat/sessions/${session}/messages`));
  const [{ token }] = expectStatus(await person.get('/api/auth/list-sessions'));
  const { userId = '', email = '' } = person;
  const [question, answer] = items;
  return {
    user: userId,
    email,
    sessionToken: token,
    session,
    message: question.id,
    answer: answer.id,
    folder,
    file: question.parts[1].url.split('/').at(-1),
    chat,
    execution: answer.executionId,
  };
}

function toFilePart(mark: string): object {
  const url = `data:text/plain;base64,${Buffer.from(mark).toString('base64')}`;
  return { type: 'file', mediaType: 'text/plain', filename: `${mark}.txt`, url };
}

async function listMembers(owner: Client): Promise<{ id: string; userId: string }[]> {
  return expectStatus(await owner.get(`/api/auth/organization/list-members?organizationId=${owner.teamId}`))
    .members;
}

async function join(owner: Client, person: Client): Promise<Client> {
  const invited = expectStatus(
    await owner.post('/api/auth/organization/invite-member', {
      email: person.email,
      role: 'admin',
      organizationId: owner.teamId,
    }),
  );
  expectStatus(await person.post('/api/auth/organization/accept-invitation', { invitationId: invited.id }));
  expectStatus(await person.post('/api/auth/organization/set-active', { organizationId: owner.teamId }));
  return person.inTeam(owner.teamId ?? '');
}

/** A provider of the catalogue that no other team uses, so that the platform admin can do with it what they may. */
export async function provideSpare(admin: Client, lists: ModelListServer): Promise<void> {
  const spare = {
    id: 'spare',
    kind: 'openrouter',
    displayName: 'Spare',
    baseUrl: lists.baseUrl('openrouter'),
  };
  expectStatus(await admin.post('/api/v1/providers', spare), 201);
  expectStatus(
    await admin.post('/api/v1/models', { providerId: 'spare', modelKey: 'one', displayName: 'One' }),
    201,
  );
  expectStatus(await admin.put('/api/v1/tokens/spare', { token: 'sk-spare-0123456789' }));
  lists.setModels('openrouter', [
    { id: 'acme/listed', contextWindow: 1_000, price: { input: 1, output: 2 } },
  ]);
}

/** `undefined` where the product has no API keys. */
async function makeApiKey({ client, ids }: Asker): Promise<Asker | undefined> {
  const scopes = Object.entries(permissions)
    .filter(([, role]) => role !== 'public' && role !== 'platformAdmin')
    .map(([permission]) => permission);
  const made = await client.post('/api/v1/api-keys', { name: 'attacker', scopes });
  if (made.status === 404) return undefined;
  const { secret } = expectStatus(made, 201);
  return { client: new Client(client.url, secret, client.teamId, client.userId, client.email), ids };
}
