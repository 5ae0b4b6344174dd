import { toTeamId } from '@kdx/shared';
import { EncryptionService, KEK_PROVIDER } from '../../src/ai-studio/encryption/encryption.service';
import type { KekProvider } from '../../src/ai-studio/encryption/kek-provider';
import { ModelClients } from '../../src/ai-studio/execution/model-clients';
import { Database } from '../../src/platform/database';
import { startTestApp, type TestApp } from '../support/app';
import { Client, createSession, createTeam, say, signUp } from '../support/client';
import { createTestDatabase, type TestDatabase } from '../support/databases';
import { encryptionOf, newKek } from '../support/keys';
import { addTeamProvider, dumpDatabase, expectStatus, setDefaultModel } from '../support/providers';
import { eventually } from '../support/streams';
import { startWireServer, type WireServer } from '../support/wire';

const onServer = process.env.DATABASE_URL ? it : it.skip;
const key = 'sk-shred-me-0123456789';

jest.setTimeout(120_000);

describe('deleting a team', () => {
  let database: TestDatabase;
  let wire: WireServer;
  let app: TestApp;
  let kept: Client;
  const ring = newKek('one');

  const start = () => startTestApp({ AI_STUDIO_KEK: ring }, database);
  const at = (client: Client, { url }: TestApp) =>
    new Client(url, client.token, client.teamId, client.userId, client.email);

  /** Opened keys and clients with an opened key that a process holds of a team. */
  const heldBy = ({ nest }: TestApp, { teamId = 'none' }: Client) => {
    const clients = nest.get(ModelClients, { strict: false })['clients'];
    const dataKeys = nest.get(EncryptionService, { strict: false })['dataKeys']['keys'];
    return [...clients.keys(), ...dataKeys.keys()].filter((name) => name.includes(teamId));
  };

  /** A team with a stored key that was used just now. */
  const makeTeam = async (name: string, owner?: Client) => {
    const admin = await createTeam(owner ?? (await signUp(app)));
    const model = await addTeamProvider(admin, wire, { name, key });
    await setDefaultModel(admin, model.id);
    await talk(admin);
    return admin;
  };
  const talk = async (client: Client) => {
    const answer = await say(client, await createSession(client), { text: 'Hello' });
    expect(answer.status).toBe(200);
  };
  const remove = async (client: Client) =>
    expectStatus(await client.post('/api/auth/organization/delete', { organizationId: client.teamId }));

  beforeAll(async () => {
    database = await createTestDatabase();
    wire = await startWireServer('openai', { expectKey: key });
    app = await start();
    kept = await makeTeam('kept');
  });

  afterAll(async () => {
    await app.close();
    await wire.close();
    await database.drop();
  });

  it('leaves nothing of it in a dump that could be opened, nor anything that it could be opened with', async () => {
    const team = await makeTeam('gone');
    const { pool } = app.nest.get(Database);
    const before = await pool.query<{ wrapped: Buffer; sealed: Buffer; id: string; tokenId: string }>(
      `select k.wrapped, k.id, t.sealed, t.id as "tokenId"
         from team_key k join ai_team_token t on t.team_id = k.team_id where k.team_id = $1`,
      [team.teamId],
    );
    const [row] = before.rows;
    if (!row) throw new Error('The team has no key.');
    await remove(team);
    const dump = await dumpDatabase(app);
    for (const bytes of [row.wrapped, row.sealed])
      expect(dump).not.toContain(bytes.toString('hex').slice(20));
    expect(dump).not.toMatch(new RegExp(`^(team_key|ai_team_token|team) .*${team.teamId}`, 'm'));
    expect(dump).not.toContain(key);

    // Who has kept the sealed key, has the server and its key-encryption key, still has no data key.
    const place = {
      table: 'ai_team_token',
      column: 'sealed',
      rowId: row.tokenId,
      origin: new URL(wire.baseUrl).origin,
    };
    await expect(
      encryptionOf(app).open(
        toTeamId(team.teamId),
        { ...place, providerKind: 'openai-compatible' },
        row.sealed,
      ),
    ).rejects.toMatchObject({ code: 'TOKEN_UNREADABLE', details: { reason: 'dek' } });

    // No other data key opens it either: not as it is, and not where the row were given to another team.
    const kek = app.nest.get<KekProvider>(KEK_PROVIDER, { strict: false });
    const binding = { teamId: kept.teamId ?? '', dekId: row.id };
    await expect(kek.unwrap(row.wrapped, 'one', '1', binding)).rejects.toMatchObject({
      reason: 'unreadable',
    });
  });

  it('drops its opened keys and its clients at once, and those of no other team', async () => {
    const team = await makeTeam('dropped');
    await talk(kept);
    expect(heldBy(app, team)).toHaveLength(2);
    await remove(team);
    expect(heldBy(app, team)).toEqual([]);
    expect(heldBy(app, kept)).toHaveLength(2);
    await talk(kept);
    expect((await team.get('/api/v1/tokens')).status).toBeGreaterThanOrEqual(400);
  });

  it('is refused to a member, and drops nothing then', async () => {
    const stranger = await signUp(app);
    const answer = await stranger.post('/api/auth/organization/delete', { organizationId: kept.teamId });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(heldBy(app, kept)).toHaveLength(2);
  });

  onServer.each([
    ['by a replica', (team: Client) => remove(team)],
    [
      'by a process that ends with its commit, or by hand',
      ({ teamId }: Client) => app.nest.get(Database).pool.query('delete from team where id = $1', [teamId]),
    ],
  ])('drops them on other replicas, too: %s', async (by, deleteTeam) => {
    const replica = await start();
    try {
      const team = await makeTeam(by);
      await talk(at(team, replica));
      await talk(at(kept, replica));
      expect(heldBy(replica, team)).toHaveLength(2);
      await deleteTeam(team);
      await eventually(async () => heldBy(replica, team).length === 0);
      expect(heldBy(replica, kept)).toHaveLength(2);
    } finally {
      await replica.close();
    }
  });
});
