import { Client, createSession, createTeam, say, signUp, type Answer } from '../../support/client';
import {
  enableModel,
  expectStatus,
  modelPath,
  RecordingClient,
  setDefaultModel,
} from '../../support/providers';
import { startWireServer, type WireKind } from '../../support/wire';
import { attempts } from '../proof';
import type { Canaries } from './canaries';
import { echoes, startEchoingProvider } from './echoing-provider';
import { misplaceKeys } from './misplaced-keys';

/** Kinds of global providers that take keys, and the protocol of the local server that each can speak to. */
const kinds: [kind: string, wire: WireKind][] = [
  ['openai', 'openai'],
  ['anthropic', 'anthropic'],
  ['google', 'google'],
  ['xai', 'openai'],
  ['mistral', 'openai'],
  ['groq', 'openai'],
  ['deepseek', 'openai'],
  ['openrouter', 'openai'],
  ['openai-compatible', 'openai'],
];

/** Everything that a server can be made to do with keys, over HTTP alone. */
export class SecretDrive {
  /** What anybody was answered, apart from the answers that hand a secret over: signing in and up. */
  readonly answers: string[] = [];
  /** How often a provider got a key that it could echo. */
  echoed = 0;
  /** Signed in, with teams of their own; the first is the platform admin. */
  owner!: RecordingClient;
  private providers: string[] = [];

  constructor(
    readonly url: string,
    private readonly canaries: Canaries,
  ) {}

  async run(): Promise<void> {
    this.owner = this.record(await createTeam(await this.signUp('the platform admin')));
    await misplaceKeys(this.owner, this.record(new Client(this.url)), this.canaries);
    for (const [index, [kind, wire]] of kinds.entries()) await this.useGlobalProvider(index, kind, wire);
    await this.useTeamProviders();
    await this.loseKeys();
    await this.loseTeam();
    await this.useAccounts();
    await this.useApiKeys();
    for (const path of [
      'tokens',
      'providers',
      'models',
      'team-models',
      'executions',
      'audit-events',
      'chat/sessions',
    ])
      expectStatus(await this.owner.get(`/api/v1/${path}`));
    await this.owner.get('/docs/openapi.json');
  }

  /** Calls with keys that cannot be opened, or while the database refuses: what fails then is ours. */
  async useWhatFails(client: Client): Promise<void> {
    const caller = this.record(client);
    for (const id of this.providers.slice(0, 4)) {
      await caller.put(`/api/v1/tokens/${id}`, { token: this.canaries.plant(`${id}, while it fails`) });
      await caller.post(`/api/v1/tokens/${id}/test`);
      await caller.mutate('aiTokens.save', {
        providerId: id,
        token: this.canaries.plant(`${id}, over tRPC`),
      });
    }
    await say(caller, await createSession(caller), { text: 'Hello' });
  }

  /** An account that the database refuses. */
  async failToSignUp(): Promise<void> {
    const password = this.canaries.plant('password, while it fails', 'pw-');
    await this.record(new Client(this.url)).post('/api/auth/sign-up/email', {
      name: 'Late',
      email: 'late@example.com',
      password,
    });
  }

  private record(client: Client): RecordingClient {
    const { answers } = this;
    return Object.assign(new RecordingClient(client), { answers });
  }

  private async signUp(who: string): Promise<Client> {
    const client = await signUp(this, undefined, this.canaries.plant(`password of ${who}`, 'pw-'));
    // A session token is `<id>.<signature>`: the id is in the database, and nobody is anybody without the signature.
    this.canaries.adopt(`session of ${who}`, decodeURIComponent(client.token ?? '').split('.')[1] ?? '');
    return client;
  }

  /** A key of each kind: used with success, then with each trouble that there is, each of which gives it back. */
  private async useGlobalProvider(index: number, kind: string, wireKind: WireKind): Promise<void> {
    const { owner, canaries } = this;
    const wire = await startWireServer(wireKind);
    const echoing = await startEchoingProvider();
    const id = kind === 'openai-compatible' ? 'own-servers' : kind;
    const [modelKey, ref] = [`${kind}-model`, `${id}/${kind}-model`];
    if (id !== kind)
      expectStatus(
        await owner.post('/api/v1/providers', { id, kind, displayName: id, baseUrl: wire.baseUrl }),
        201,
      );
    expectStatus(await owner.patch(`/api/v1/providers/${id}`, { baseUrl: wire.baseUrl }));
    expectStatus(await owner.post('/api/v1/models', { providerId: id, modelKey, displayName: id }), 201);
    const first = canaries.plant(`${kind}, replaced`);
    expectStatus(await owner.put(`/api/v1/tokens/${id}`, { token: first }));
    expectStatus(await owner.patch(modelPath(ref), { enabled: true, settings: { firstPartTimeoutMs: 100 } }));
    await setDefaultModel(owner, ref);
    expectStatus(await owner.post(`/api/v1/tokens/${id}/test`));
    await this.ask(ref);
    const second = canaries.plant(`${kind}, first address`);
    expectStatus(await owner.put(`/api/v1/tokens/${id}`, { token: second }));
    wire.next({
      reply: { chunks: ['So ', 'far'], errorAfterChunks: { n: 1, message: `Your key ${second} expired` } },
    });
    await this.ask(ref);
    wire.next({ reply: { chunks: ['So ', 'far'], cutAfterChunks: 1 } }, { drop: true });
    await this.ask(ref);
    expectStatus(await owner.patch(`/api/v1/providers/${id}`, { baseUrl: echoing.url('401') }));
    await this.ask(ref); // with the key of another address, which stays shut
    expectStatus(await owner.put(`/api/v1/tokens/${id}`, { token: canaries.plant(`${kind}, echoed`) }));
    const each = attempts({ short: 3, long: echoes.length });
    for (let turn = 0; turn < each; turn += 1) {
      const echo = echoes[(index * each + turn) % echoes.length] ?? '401';
      expectStatus(await owner.patch(`/api/v1/providers/${id}`, { baseUrl: echoing.url(echo) }));
      if (echo !== 'silent') await owner.post(`/api/v1/tokens/${id}/test`);
      if (/^(302|40[1-4]|page|json|list)$/.test(echo)) await owner.post(`/api/v1/model-sync/${id}/diff`);
      await this.ask(ref);
    }
    this.echoed += echoing.calls;
    this.providers.push(id);
    expectStatus(await owner.patch(modelPath(ref), { enabled: false }));
    await wire.close();
    await echoing.close();
  }

  /** A conversation and a trial; both may fail. */
  private async ask(ref: string): Promise<void> {
    await say(this.owner, await createSession(this.owner), { text: 'Hello' });
    await this.owner.post(`${modelPath(ref)}/test`, { prompt: 'Hello' });
  }

  /** A team's own endpoints: over REST and tRPC, moved to another address, at an address that is refused. */
  private async useTeamProviders(): Promise<void> {
    const { owner, canaries } = this;
    const echoing = await startEchoingProvider();
    for (const [index, echo] of echoes.filter((_, place) => place % 4 === 0).entries()) {
      const body = {
        displayName: `Own ${index}`,
        baseUrl: echoing.url(echo),
        models: [{ modelKey: 'own', displayName: 'Own' }],
      };
      const created =
        index % 2
          ? await owner.mutate('aiProviders.createForTeam', body)
          : await owner.post('/api/v1/team-providers', body);
      const { id, models } = created.body.result?.data ?? created.body;
      const token = canaries.plant(`team endpoint ${index}`);
      expectStatus(
        index % 2
          ? await owner.mutate('aiTokens.save', { providerId: id, token })
          : await owner.put(`/api/v1/tokens/${id}`, { token }),
      );
      await enableModel(owner, models[0].id, { firstPartTimeoutMs: 100 });
      await setDefaultModel(owner, models[0].id);
      await this.ask(models[0].id);
      await owner.patch(`/api/v1/team-providers/${id}`, { baseUrl: 'http://127.0.0.1:9/v1' });
      await this.ask(models[0].id);
      await owner.mutate('aiTokens.test', { providerId: id });
      expectStatus(await owner.patch(modelPath(models[0].id), { enabled: false }));
      this.providers.push(id);
    }
    this.echoed += echoing.calls;
    await echoing.close();
  }

  /** Keys that are replaced, deleted, and gone with their endpoint. */
  private async loseKeys(): Promise<void> {
    const { owner, canaries } = this;
    for (let turn = 0; turn < 3; turn += 1)
      expectStatus(await owner.put('/api/v1/tokens/groq', { token: canaries.plant(`replaced ${turn}`) }));
    expectStatus(await owner.delete('/api/v1/tokens/groq'), 204);
    const gone = this.providers.pop() ?? '';
    expectStatus(await owner.delete(`/api/v1/team-providers/${gone}`), 204);
  }

  /** Keys of a team that is deleted; and of one whose admin has no right to another's. */
  private async loseTeam(): Promise<void> {
    const { canaries } = this;
    const other = this.record(await createTeam(await this.signUp('the owner of another team')));
    for (const kind of ['openai', 'anthropic', 'google', 'mistral'])
      expectStatus(
        await other.put(`/api/v1/tokens/${kind}`, { token: canaries.plant(`deleted team, ${kind}`) }),
      );
    await other.patch('/api/v1/providers/openai', { apiKey: canaries.plant('forbidden door') });
    await other
      .inTeam(this.owner.teamId ?? '')
      .put('/api/v1/tokens/openai', { token: canaries.plant('foreign team') });
    expectStatus(await other.post('/api/auth/organization/delete', { organizationId: other.teamId }));
  }

  /** Wrong and changed passwords, invitations, sessions that end. */
  private async useAccounts(): Promise<void> {
    const { canaries, owner } = this;
    const stranger = this.record(new Client(this.url));
    const wrong = (what: string) => canaries.plant(`wrong password: ${what}`, 'pw-');
    await stranger.post('/api/auth/sign-in/email', { email: owner.email, password: wrong('known address') });
    await stranger.post('/api/auth/sign-in/email', {
      email: 'nobody@example.com',
      password: wrong('unknown address'),
    });
    await stranger.post('/api/auth/sign-up/email', {
      email: owner.email,
      name: 'Twice',
      password: wrong('taken address'),
    });
    await stranger.post('/api/auth/sign-up/email', {
      email: 'no address',
      name: 'No',
      password: wrong('bad address'),
    });
    await stranger.post('/api/auth/sign-up/email', {
      email: 'x@example.com',
      name: 'No',
      password: wrong('too long').repeat(4),
    });
    await owner.post('/api/auth/change-password', {
      currentPassword: wrong('current'),
      newPassword: wrong('new'),
    });
    const guest = this.record(await this.signUp('a guest'));
    const invited = expectStatus(
      await owner.post('/api/auth/organization/invite-member', {
        email: guest.email,
        role: 'member',
        organizationId: owner.teamId,
      }),
    );
    expectStatus(await guest.post('/api/auth/organization/accept-invitation', { invitationId: invited.id }));
    await guest
      .inTeam(owner.teamId ?? '')
      .put('/api/v1/tokens/openai', { token: canaries.plant('key of somebody who may not') });
    await guest.post('/api/auth/sign-out');
    await guest.get('/api/v1/tokens');
  }

  /** Where the server has keys of its own: made, used, misspelt, revoked. The answer that hands one over is not searched. */
  private async useApiKeys(): Promise<void> {
    const { url, token, teamId } = this.owner;
    const made: Answer = await new Client(url, token, teamId).post('/api/v1/api-keys', {
      name: 'Sweep',
      scopes: ['chat.use'],
    });
    if (made.status === 404) return;
    const { id, secret } = expectStatus(made, 201);
    this.canaries.adopt('API key', secret);
    const caller = this.record(new Client(url, secret, teamId));
    await caller.get('/api/v1/chat/sessions');
    await caller.get('/api/v1/tokens');
    await this.record(new Client(url, `${secret.slice(0, -1)}_`, teamId)).get('/api/v1/chat/sessions');
    await this.owner.get('/api/v1/api-keys');
    await this.owner.delete(`/api/v1/api-keys/${id}`);
    await caller.get('/api/v1/chat/sessions');
  }
}
