import { createApiKey } from '../support/api-keys';
import { startTestApp, type TestApp } from '../support/app';
import { addMember, Client, createSession, createTeam, signUp } from '../support/client';
import { bytesAfter, fetchStream, joinBytes, openBytes, type ByteReader } from '../support/event-streams';
import { addTeamProvider, expectStatus, type UsableModel } from '../support/providers';
import { eventually } from '../support/streams';
import { startWireServer, type WireServer } from '../support/wire';
import { attempts, mode, publish, seed } from './proof';
import { randomOf } from './random';

jest.setTimeout(3_600_000);

const sessionsPath = '/api/v1/chat/sessions';
/** Of one to four bytes in UTF-8, and such as JSON escapes: a cut may stand within any. */
const words = [
  'a',
  'ä',
  '€',
  '😀',
  '"',
  '\\',
  '\n',
  '\t',
  '  ',
  'woord',
  '漢字',
  '👩‍👩‍👧',
  'data: ',
  'id: 1',
  '\n\n',
];

/*
 * Against the whole application, and on PostgreSQL a second replica of it: streams are cut at random places, joined again
 * from there, and what came is compared, byte for byte, with what a reader got who was never cut.
 */
describe('streams of answers', () => {
  const random = randomOf(seed);
  let app: TestApp;
  let replica: TestApp | undefined;
  let owner: Client & { teamId: string };
  let wire: WireServer;
  let model: UsableModel;

  beforeAll(async () => {
    app = await startTestApp();
    if (mode === 'PostgreSQL') replica = await startTestApp({}, app.database);
    owner = await createTeam(await signUp(app));
    wire = await startWireServer('openai');
    model = await addTeamProvider(owner, wire, { name: 'wired' });
  }, 60_000);

  afterAll(async () => {
    await replica?.close();
    await app.close();
    await wire.close();
  });

  const anywhere = (client: Client): Client => {
    const { url } = replica && random(2) === 0 ? replica : app;
    return new Client(url, client.token, client.teamId, client.userId, client.email);
  };

  /** Sends a message that is answered with so many random words, and reads all of it. */
  const begin = async (count: number): Promise<{ sessionId: string; whole: ByteReader }> => {
    const chunks = Array.from({ length: count }, () => words[random(words.length)] ?? '');
    wire.next({ reply: { chunks, chunkDelayMs: random(12) } });
    const sessionId = await createSession(owner, { modelId: model.id });
    return { sessionId, whole: await openBytes(anywhere(owner), sessionId, { text: 'Go' }) };
  };

  /** Reads a stream with several cuts: each time it goes on where it was, by the last whole event or by the very byte. */
  const readWithCuts = async (sessionId: string, cuts: number): Promise<Buffer> => {
    let got = Buffer.alloc(0);
    for (let cut = 0; ; cut += 1) {
      const last = [...got.toString('latin1').matchAll(/^id: (\S+)\ndata: .*\n\n/gm)].at(-1)?.[1];
      const byEvent = last !== undefined && random(2) === 0;
      if (byEvent) got = got.subarray(0, got.length - bytesAfter(got, last).length);
      // Where nothing is left, there is nothing to join.
      if (got.toString('latin1').endsWith('data: [DONE]\n\n')) return got;
      const reader = await joinBytes(
        anywhere(owner),
        sessionId,
        byEvent ? { lastEventId: last } : { offset: got.length },
      );
      if (cut < cuts) await reader.readBytes(1 + random(3_000));
      else await reader.readAll();
      got = Buffer.concat([got, reader.received]);
      if (cut >= cuts) return got;
      reader.hangUp();
    }
  };

  it('are the same bytes to whoever joins them again, wherever they were cut', async () => {
    const total = attempts({ short: 24, long: 1_000 });
    const atOnce = 6;
    const different: unknown[] = [];
    let joined = 0;
    while (joined < total) {
      const { sessionId, whole } = await begin(30 + random(170));
      const early = Array.from({ length: atOnce - 2 }, async () => {
        if (random(3) > 0) await new Promise((resolve) => setTimeout(resolve, random(700)));
        return readWithCuts(sessionId, random(6));
      });
      await whole.readAll();
      const late = [readWithCuts(sessionId, random(6)), readWithCuts(sessionId, 0)];
      const results = await Promise.all([...early, ...late]);
      for (const [index, result] of results.entries()) {
        joined += 1;
        if (!whole.isWhole || !result.equals(whole.received))
          different.push({ sessionId, index, got: result.length, whole: whole.length });
      }
    }
    for (const one of different) process.stdout.write(`different: ${JSON.stringify(one)}\n`);
    publish({
      name: 'Rejoined streams that were byte-identical',
      found: joined - different.length,
      of: joined,
      aim: 'all',
    });
  });

  it('are given to nobody but their owner', async () => {
    const total = attempts({ short: 18, long: 1_000 });
    const strangers = [
      await addMember(app, owner, 'admin'),
      await addMember(app, owner),
      await createTeam(await signUp(app)),
      await createApiKey(owner, ['chat.use']),
    ];
    let given = 0;
    let tried = 0;
    for (let answers = 0; answers * strangers.length * 6 < total; answers += 1) {
      const { sessionId, whole } = await begin(40 + random(40));
      await whole.readBytes(200);
      const lastEventId = whole.lastEventId ?? '';
      const tryAll = async () => {
        for (const stranger of strangers)
          for (const place of [{}, { lastEventId }, { offset: random(200) }]) {
            const response = await fetchStream(anywhere(stranger), sessionId, place);
            if (response.status !== 404 || /"delta"|^id: /m.test(await response.text())) given += 1;
            tried += 1;
          }
      };
      await tryAll();
      await whole.readAll();
      await tryAll();
    }
    publish({ name: 'Streams that somebody else could join', found: given, of: tried, aim: 0 });
  });

  it('carry an answer of very many very small parts, whole', async () => {
    const count = attempts({ short: 5_000, long: 100_000 });
    const chunks = Array.from({ length: count }, (_, index) => String(index % 10));
    wire.next({ reply: { chunks } });
    const sessionId = await createSession(owner, { modelId: model.id });
    const response = await owner.fetch(`${sessionsPath}/${sessionId}/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text: 'Count.' }),
    });
    const events = (await response.text()).split('\n\n');
    const streamed = events.flatMap((event) => /"type":"text-delta".*"delta":"(\d+)"/.exec(event)?.[1] ?? []);
    const { items } = expectStatus(await owner.get(`${sessionsPath}/${sessionId}/messages`));
    const stored = items[1].status === 'complete' ? items[1].parts[0].text : '';
    const lost = [streamed.join(''), stored].filter((text) => text !== chunks.join(''));
    publish({
      name: `Answers of ${count} parts that were not whole, streamed and stored`,
      found: lost.length,
      of: 2,
      aim: 0,
    });
  });

  it('that are cut have their usage on record', async () => {
    const total = attempts({ short: 20, long: 1_000 });
    const unrecorded: unknown[] = [];
    let estimated = 0;
    for (let done = 0; done < total; done += 10) {
      await Promise.all(Array.from({ length: Math.min(10, total - done) }, cutOne));
    }
    publish({
      name: `Cut streams with their usage on record (${estimated} estimated, and marked so)`,
      found: total - unrecorded.length,
      of: total,
      aim: 'all',
    });

    /** By the user, by the provider in the middle, or by the reader, whom the answer survives. */
    async function cutOne(): Promise<void> {
      const chunks = Array.from({ length: 60 }, (_, index) => `word${index} `);
      const how = (['stop', 'provider', 'reader'] as const)[random(3)];
      const cutAfterChunks = how === 'provider' ? { cutAfterChunks: 1 + random(40) } : {};
      wire.next({ reply: { chunks, chunkDelayMs: 2 + random(8), ...cutAfterChunks } });
      const sessionId = await createSession(owner, { modelId: model.id });
      const reader = await openBytes(owner, sessionId, { text: 'Go' });
      await reader.readBytes(300 + random(2_000));
      if (how === 'stop') await anywhere(owner).post(`${sessionsPath}/${sessionId}/stop`);
      if (how === 'reader') reader.hangUp();
      else await reader.readAll();
      const answer = await eventually(async () => {
        const { items } = expectStatus(await owner.get(`${sessionsPath}/${sessionId}/messages`));
        return items[1].status !== 'streaming' && items[1];
      });
      const execution = await eventually(async () => {
        const { items } = expectStatus(await owner.get('/api/v1/executions?limit=200'));
        const found = items.find(({ id }: { id: string }) => id === answer.executionId);
        return found && found.outcome !== 'running' && found;
      });
      if (execution.usage.source === 'estimated') estimated += 1;
      if (execution.usage.source === 'unknown' || !(execution.usage.outputTokens > 0))
        unrecorded.push({ how, execution });
    }
  });
});
