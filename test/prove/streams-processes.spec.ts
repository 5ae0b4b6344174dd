import { createTestDatabase, type TestDatabase } from '../support/databases';
import { Client, createSession, createTeam, signUp, type Answer } from '../support/client';
import { fetchStream, openBytes, type ByteReader } from '../support/event-streams';
import { newKek } from '../support/keys';
import { ServerProcesses, type ServerProcess } from '../support/process';
import { expectStatus } from '../support/providers';
import { slowly } from '../support/streams';
import { attempts, publish, seed } from './proof';
import { randomOf } from './random';

jest.setTimeout(7_200_000);

const sessionsPath = '/api/v1/chat/sessions';
const outcomes = ['completed', 'failed', 'stopped', 'interrupted'];

const at = (client: Client, { url }: { url: string }) =>
  new Client(url, client.token, client.teamId, client.userId, client.email);

/** A server process that is killed or told to stop while it gives answers. */
describe('a server process', () => {
  const random = randomOf(seed);
  const variables = {
    AI_STUDIO_KEK: newKek('streams'),
    AUTH_SECRET: 'a secret that is long enough for a proof',
    DRAIN_MS: '2000',
  };
  let processes: ServerProcesses;
  let database: TestDatabase;
  let server: ServerProcess;
  let owner: Client;

  beforeAll(async () => {
    processes = new ServerProcesses();
    database = await createTestDatabase();
    server = await processes.start(database, variables);
    owner = await createTeam(await signUp(server));
  }, 120_000);

  afterAll(async () => {
    server.kill('SIGKILL');
    await server.exited;
    await processes.close();
    await database.drop();
  });

  const messagesOf = async (sessionId: string): Promise<Answer['body'][]> =>
    expectStatus(await owner.get(`${sessionsPath}/${sessionId}/messages?limit=200`)).items;

  const textOf = (message: Answer['body']): string => message?.parts[0]?.text ?? '';

  it('loses nothing that was acknowledged when it is killed at any moment', async () => {
    const rounds = attempts({ short: 1, long: 250 });
    const atOnce = 3;
    let [lost, failedStarts, acknowledged, executions, odd, hung] = [0, 0, 0, 0, 0, 0];
    for (let round = 0; round < rounds; round += 1) {
      const sessions = await Promise.all(Array.from({ length: atOnce }, () => createSession(owner)));
      const question = (index: number) => `Round ${round}, ${index}. ${slowly(2_000, 40 + random(200))}`;
      const asked = sessions.map((_, index) => question(index));
      const readers: (ByteReader | undefined)[] = [];
      const opening = sessions.map(async (sessionId, index) => {
        readers[index] = await openBytes(owner, sessionId, { text: asked[index] });
        await readers[index]?.readAll().catch(() => undefined);
      });
      await new Promise((resolve) => setTimeout(resolve, random(900)));
      const shown = await Promise.all(
        sessions.map(async (sessionId) => textOf((await messagesOf(sessionId).catch(() => []))[1])),
      );
      server.kill('SIGKILL');
      await server.exited;
      await Promise.allSettled(opening);
      try {
        server = await processes.start(database, variables);
      } catch {
        failedStarts += 1;
        server = await processes.start(database, variables);
      }
      owner = at(owner, server);
      const ran: Answer['body'][] = expectStatus(await owner.get('/api/v1/executions?limit=50')).items;
      for (const [index, sessionId] of sessions.entries()) {
        if (!readers[index]) continue; // it was not acknowledged
        acknowledged += 1;
        const [stored, answer, ...more] = await messagesOf(sessionId);
        const isKept =
          stored?.parts[0].text === asked[index] && answer?.status === 'interrupted' && more.length === 0;
        if (!isKept || !textOf(answer).startsWith(shown[index] ?? '')) lost += 1;
        const own = ran.filter(({ id }) => id === answer?.executionId);
        executions += 1;
        if (own.length !== 1 || !outcomes.includes(own[0].outcome)) odd += 1;
        // Its stream has an end, whatever its reader had heard of it.
        const lastEventId = readers[index]?.lastEventId;
        const rest = await fetchStream(owner, sessionId, lastEventId ? { lastEventId } : { offset: 0 });
        if (!(await rest.text()).endsWith('data: [DONE]\n\n')) hung += 1;
      }
    }
    publish({ name: 'Acknowledged messages lost by kill -9', found: lost, of: acknowledged, aim: 0 });
    publish({ name: 'Starts after kill -9 that failed', found: failedStarts, of: rounds, aim: 0 });
    publish({ name: 'Executions without exactly one outcome', found: odd, of: executions, aim: 0 });
    publish({ name: 'Streams without an end after kill -9', found: hung, of: acknowledged, aim: 0 });
  });

  it('lets no stream hang when it is told to stop', async () => {
    const count = attempts({ short: 20, long: 100 });
    const readers = await Promise.all(
      Array.from({ length: count }, async () =>
        openBytes(owner, await createSession(owner), { text: slowly(5_000, 20) }),
      ),
    );
    await Promise.all(readers.map((reader) => reader.readBytes(400)));
    const startedAt = performance.now();
    server.kill('SIGTERM');
    const deadline = new Promise<'hung'>((resolve) => setTimeout(() => resolve('hung'), 60_000).unref());
    const ends = await Promise.all(
      readers.map((reader) => Promise.race([reader.readAll().then(() => reader.isWhole), deadline])),
    );
    const { code } = await server.exited;
    process.stdout.write(
      `Seconds from SIGTERM to the exit under ${count} streams, 2 of them allowed to drain: ${((performance.now() - startedAt) / 1000).toFixed(1)}\n`,
    );
    publish({
      name: 'Streams that hung or had no end at SIGTERM',
      found: ends.filter((end) => end !== true).length,
      of: count,
      aim: 0,
    });
    expect(code).toBe(0);
  });
});
