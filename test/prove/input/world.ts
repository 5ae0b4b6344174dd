import { randomUUID } from 'node:crypto';
import { allScopes, createApiKey } from '../../support/api-keys';
import { addMember, Client, createSession, createTeam, say, signUp } from '../../support/client';
import { expectStatus } from '../../support/providers';
import type { ModelListServer } from '../../support/wire/model-lists';

/**
 * In whose name a request is sent. The admin is the platform's and the team's, the key and the member are of the same team; the guest
 * owns another, with a companion; the leaver a third. The last two have no credential, and one that is none.
 */
export type Sender = 'admin' | 'key' | 'member' | 'guest' | 'companion' | 'leaver' | 'nobody' | 'garbage';

/** How many things of a kind there are at a time, so that deleting one leaves others. */
export const poolSize = 4;

const password = 'correct horse battery';

/**
 * The people and things that requests are about. Requests name them as `~session0~`, which {@link World.fill} replaces
 * where they are sent: what a request stands for does not depend on the ids of one run. `renew` makes a new team with
 * all that is needed in it; the platform admin stays.
 */
export class World {
  private constructor(
    private readonly url: string,
    private readonly lists: ModelListServer,
    private readonly root: Client,
  ) {}

  /** Teams that were used, each with its owner: what is in them has to stay readable. */
  readonly teams: (Client & { teamId: string })[] = [];
  private readonly names = new Map<string, string>();
  private senders: Record<Sender, Client> | undefined;

  static async create(url: string, lists: ModelListServer): Promise<World> {
    const world = new World(url, lists, await signUp({ url }));
    await world.renew();
    return world;
  }

  /** Credentials of a sender, as headers. */
  headersOf(sender: Sender): Record<string, string> {
    return this.senders?.[sender].headers() ?? {};
  }

  /** Puts names and ids in the place of `~names~`. */
  fill(text: string): string {
    return text.replace(/~(\w+)~/g, (whole, name: string) => this.names.get(name) ?? whole);
  }

  async renew(): Promise<void> {
    const admin = await createTeam(this.root);
    this.teams.push(admin);
    const member = await addMember({ url: this.url }, admin);
    const guest = await createTeam(await signUp({ url: this.url }));
    const companion = await addMember({ url: this.url }, guest);
    const leaver = await createTeam(await signUp({ url: this.url }));
    const key = await createApiKey(admin, allScopes);
    const garbage = new Client(this.url, 'nonsense', admin.teamId);
    this.senders = { admin, member, guest, companion, leaver, key, nobody: new Client(this.url), garbage };
    for (let index = 0; index < poolSize; index += 1) await this.renewThings(admin, index);
    await this.renewGuest(guest, companion);
    this.names.set('leaverTeam', leaver.teamId);
    const said = await createSession(admin);
    const file = { type: 'file', mediaType: 'text/plain', url: 'data:text/plain;base64,SGVsbG8=' };
    await say(admin, said, { message: { role: 'user', parts: [file] } });
    const [question, answer] = expectStatus(await admin.get(`/api/v1/chat/sessions/${said}/messages`)).items;
    this.names.set('asked', said);
    this.names.set('said', said);
    this.names.set('answer', answer.id);
    this.names.set('question', question.id);
    this.names.set('file', question.parts[0].url.split('/').at(-1));
    this.names.set('execution', expectStatus(await admin.get('/api/v1/executions')).items[0].id);
  }

  private async renewThings(admin: Client, index: number): Promise<void> {
    const keep = (name: string, id: string) => void this.names.set(`${name}${index}`, id);
    const make = async (path: string, body: object): Promise<string> =>
      expectStatus(await admin.post(`/api/v1/${path}`, body), 201).id;
    const unique = randomUUID();
    keep('key', (await createApiKey(admin, ['chat.use'])).userId);
    keep('session', await createSession(admin));
    keep('folder', await make('chat/folders', { name: `Folder ${unique}` }));
    keep('agent', await make('agents', { name: `Agent ${unique}`, instructions: 'Answer.' }));
    const baseUrl = this.lists.baseUrl('openrouter');
    const provider = () => ({
      id: `p-${randomUUID()}`,
      kind: 'openrouter',
      displayName: 'Provider',
      baseUrl,
    });
    keep('provider', await make('providers', provider()));
    keep(
      'endpoint',
      await make('team-providers', {
        displayName: `Endpoint ${unique}`,
        baseUrl,
        models: [{ modelKey: 'm', displayName: 'M' }],
      }),
    );
    keep(
      'model',
      await make('models', { providerId: 'openai', modelKey: `m-${unique}`, displayName: 'Model' }),
    );
    const listed = await make('providers', provider());
    keep('listed', listed);
    expectStatus(await admin.put(`/api/v1/tokens/${listed}`, { token: 'sk-0123456789abcdef' }));
    this.lists.setModels('openrouter', [{ id: `acme/${unique}`, contextWindow: 1_000 }]);
    keep('diff', expectStatus(await admin.post(`/api/v1/model-sync/${listed}/diff`)).id);
  }

  /** Somebody whose account and team may come to harm. */
  private async renewGuest(guest: Client & { teamId: string }, companion: Client): Promise<void> {
    const invited = await guest.post('/api/auth/organization/invite-member', {
      email: `invited-${randomUUID()}@example.com`,
      role: 'member',
      organizationId: guest.teamId,
    });
    const team = expectStatus(await guest.get('/api/auth/organization/get-full-organization'));
    this.names.set('guestEmail', guest.email ?? '');
    this.names.set('guestTeam', guest.teamId);
    this.names.set('companionEmail', companion.email ?? '');
    const isCompanion = ({ userId }: { userId: string }) => userId === companion.userId;
    this.names.set('companionMember', team.members.find(isCompanion)?.id);
    this.names.set('invitation', expectStatus(invited).id);
    this.names.set('password', password);
  }
}
