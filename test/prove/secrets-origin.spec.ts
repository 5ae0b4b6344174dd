import { randomBytes } from 'node:crypto';
import { toTeamId } from '@kdx/shared';
import { Database } from '../../src/platform/database';
import { TeamSnapshots } from '../../src/ai-studio/models/team-snapshot';
import { startTestApp, type TestApp } from '../support/app';
import { createSession, createTeam, say, signUp, type Client } from '../support/client';
import { addTeamProvider, enableModel, expectStatus, modelPath, setDefaultModel } from '../support/providers';
import { startWireServer, type WireServer } from '../support/wire';
import { listen, type Listener } from './egress/listener';
import { attempts, publish } from './proof';

jest.setTimeout(attempts({ short: 120_000, long: 900_000 }));

const key = `sk-${randomBytes(16).toString('hex')}`;

/** Somebody changes where a key would be sent. */
interface Move {
  name: string;
  to: (providerId: string, baseUrl: string) => Promise<unknown>;
}

/**
 * The weakness of many products: a stored key follows its provider to whatever address that is given, so that whoever may
 * set addresses gets keys that they may not see.
 */
describe('a stored key', () => {
  let app: TestApp;
  let admin: Client & { teamId: string };
  let wire: WireServer;
  let elsewhere: Listener;
  let own: { providerId: string; id: string };
  const globalRef = 'openai/gpt-4.1-mini';

  const sql = (text: string, values: unknown[]) => app.nest.get(Database).pool.query(text, values);
  /** Addresses of somebody else, as near to the right one as can be. */
  const addresses = () => {
    const port = elsewhere.port;
    const [, right = ''] = /:(\d+)$/.exec(wire.origin) ?? [];
    return [
      `http://127.0.0.1:${port}/v1`, // another port
      `http://localhost:${right}/v1`, // another name of the same host
      `http://localhost:${port}/v1`,
      `https://127.0.0.1:${right}/v1`, // another scheme
      `https://127.0.0.1:${port}/v1`,
      `http://[::1]:${port}/v1`,
      `http://[::1]:${right}/v1`,
      `http://2130706433:${port}/v1`, // other spellings of the host
      `http://0x7f.1:${port}/v1`,
    ];
  };
  const moves: Move[] = [
    { name: 'REST', to: (own, baseUrl) => admin.patch(`/api/v1/team-providers/${own}`, { baseUrl }) },
    {
      name: 'tRPC',
      to: (providerId, baseUrl) => admin.mutate('aiProviders.updateForTeam', { providerId, baseUrl }),
    },
    {
      name: 'REST, with name and models beside',
      to: (own, baseUrl) =>
        admin.patch(`/api/v1/team-providers/${own}`, {
          displayName: 'own',
          baseUrl,
          models: [{ modelKey: 'own-model', displayName: 'Again' }],
        }),
    },
    {
      name: 'the database',
      to: (own, baseUrl) => sql('update ai_team_provider set base_url = $2 where id = $1', [own, baseUrl]),
    },
    {
      name: 'the database, with the origin that the key is noted for',
      to: async (own, baseUrl) => {
        await sql('update ai_team_provider set base_url = $2 where id = $1', [own, baseUrl]);
        await sql('update ai_team_token set origin = $2 where team_provider_id = $1', [
          own,
          new URL(baseUrl).origin,
        ]);
      },
    },
    {
      name: 'the provider of everybody, REST',
      to: (_, baseUrl) => admin.patch('/api/v1/providers/openai', { baseUrl }),
    },
    {
      name: 'the provider of everybody, tRPC',
      to: (_, baseUrl) => admin.mutate('aiProviders.update', { providerId: 'openai', baseUrl }),
    },
  ];

  beforeAll(async () => {
    wire = await startWireServer('openai');
    elsewhere = await listen();
    app = await startTestApp({ EGRESS_ALLOW_HOSTS: '127.0.0.1,localhost,[::1]' });
    admin = await createTeam(await signUp(app));
    own = await addTeamProvider(admin, wire, { name: 'own', key });
    expectStatus(await admin.patch('/api/v1/providers/openai', { baseUrl: wire.baseUrl }));
    const model = { providerId: 'openai', modelKey: 'gpt-4.1-mini', displayName: 'GPT' };
    expectStatus(await admin.post('/api/v1/models', model), 201);
    expectStatus(await admin.put('/api/v1/tokens/openai', { token: key }));
    await enableModel(admin, globalRef);
    expectStatus(await admin.patch(modelPath('sandbox/echo'), { enabled: false }));
    await setDefaultModel(admin, own.id);
  });

  afterAll(async () => {
    await app.close();
    await wire.close();
    await elsewhere.close();
  });

  it('is sent to no other origin than the one that it was given for', async () => {
    let [tried, sent, accepted] = [0, 0, 0];
    const each = attempts({ short: 3, long: 9 });
    for (const [index, { to }] of moves.entries()) {
      for (const address of addresses().filter((_, place) => (place + index) % 9 < each)) {
        const [before, atWire] = [elsewhere.headers.length, wire.requests.length];
        // Beside a call that is under way, which may end where it began.
        wire.next({ reply: { chunks: ['One ', 'two ', 'three'], chunkDelayMs: 30 } });
        const running = ask();
        await to(own.providerId, address);
        await running;
        forget();
        wire.requests.length = atWire;
        accepted += (await isAt(address)) ? 1 : 0;
        await useKeys();
        tried += 1;
        // The right listener under another name or scheme is another origin, too.
        const leaked = [
          ...elsewhere.headers.slice(before),
          ...wire.requests
            .slice(atWire)
            .filter(({ headers }) => headers.host !== new URL(wire.origin).host)
            .map(({ headers }) => headers),
        ];
        sent += leaked.filter((headers) => JSON.stringify(headers).includes(key)).length > 0 ? 1 : 0;
        await putBack();
      }
    }
    publish({ name: 'stored keys that were sent to a changed origin', found: sent, of: tried, aim: 0 });
    expect(accepted).toBe(tried); // each move was made: it was not refused for another reason
  });

  it('is used again once the address is what it was, and at another path of the same origin', async () => {
    const before = wire.requests.length;
    expect((await ask()).text).toContain('echo');
    expect(wire.requests.slice(before).map(({ headers }) => headers['authorization'])).toEqual([
      `Bearer ${key}`,
    ]);
    expectStatus(
      await admin.patch(`/api/v1/team-providers/${own.providerId}`, { baseUrl: `${wire.origin}/v1/` }),
    );
    expect(expectStatus(await admin.post(`/api/v1/tokens/${own.providerId}/test`))).toMatchObject({
      ok: true,
    });
  });

  it('is sent elsewhere once it is given for there, so that a leak would be seen', async () => {
    const baseUrl = `http://127.0.0.1:${elsewhere.port}/v1`;
    expectStatus(await admin.patch(`/api/v1/team-providers/${own.providerId}`, { baseUrl }));
    expectStatus(await admin.put(`/api/v1/tokens/${own.providerId}`, { token: key }));
    const before = elsewhere.headers.length;
    await useKeys();
    expect(JSON.stringify(elsewhere.headers.slice(before))).toContain(key);
  });

  const ask = async () => say(admin, await createSession(admin), { text: 'Hello' });

  /** Every way in which a key is used. */
  async function useKeys(): Promise<void> {
    await ask();
    for (const ref of [own.id, globalRef]) await admin.post(`${modelPath(ref)}/test`);
    for (const id of [own.providerId, 'openai']) {
      await admin.post(`/api/v1/tokens/${id}/test`);
      await admin.mutate('aiTokens.test', { providerId: id });
    }
    await admin.post('/api/v1/model-sync/openai/diff');
  }

  async function isAt(address: string): Promise<boolean> {
    const { items } = expectStatus(await admin.get('/api/v1/providers'));
    const at = items.map(({ baseUrl }: { baseUrl: string }) => URL.parse(baseUrl)?.origin);
    return at.includes(new URL(address).origin);
  }

  async function putBack(): Promise<void> {
    await sql('update ai_team_provider set base_url = $1', [wire.baseUrl]);
    await sql("update ai_provider set base_url = $1 where id = 'openai'", [wire.baseUrl]);
    await sql('update ai_team_token set origin = $1', [wire.origin]);
    forget();
  }

  /** As another server that starts now would see it: what is in memory may be half a minute old. */
  function forget(): void {
    app.nest.get(TeamSnapshots, { strict: false })['cache']['forget'](toTeamId(admin.teamId));
  }
});
