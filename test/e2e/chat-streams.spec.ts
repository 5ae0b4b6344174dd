import { chatApp, toTeamId, toUserId } from '@kdx/shared';
import { RunningAnswers } from '../../src/chat/answers/running-answers';
import { AnswerStreams } from '../../src/chat/streams/answer-streams';
import { beginning } from '../../src/chat/streams/stream-position';
import { Database, Housekeeping, Recovery } from '../../src/platform/database';
import { createApiKey } from '../support/api-keys';
import { startTestApp, type TestApp } from '../support/app';
import {
  addMember,
  Client,
  createSession,
  createTeam,
  say,
  signIn,
  signUp,
  storedToken,
} from '../support/client';
import {
  ByteReader,
  bytesAfter,
  fetchStream,
  joinBytes,
  openBytes,
  type Place,
} from '../support/event-streams';
import { addTeamProvider, expectStatus, listExecutions, type UsableModel } from '../support/providers';
import { eventually, slowly } from '../support/streams';
import { startWireServer, type WireServer } from '../support/wire';

const sessionsPath = '/api/v1/chat/sessions';
/** Two, three and four bytes each: an offset may stand within one. */
const many = 'ä€😀';

const at = (client: Client, { url }: { url: string }) =>
  new Client(url, client.token, client.teamId, client.userId, client.email);

/** Says one word, and then nothing until it is stopped. */
const thenSilent = 'Think.\n/sandbox answer="before after" failAt=1 failWith=hang';

const slowlySaid = (words: number, perSecond: number) => {
  const answer = Array.from({ length: words }, (_, index) => `${many}${index}`).join(' ');
  return `Count.\n/sandbox tokensPerSecond=${perSecond} answer="${answer}"`;
};

const refusalOf = async (response: Response) => {
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  return { status: response.status, code: error.code, message: error.message };
};

describe('the stream of an answer', () => {
  let app: TestApp;
  let owner: Client & { teamId: string };
  let member: Client;
  let wire: WireServer;
  let model: UsableModel;

  beforeAll(async () => {
    app = await startTestApp();
    owner = await createTeam(await signUp(app));
    member = await addMember(app, owner);
    wire = await startWireServer('openai');
    model = await addTeamProvider(owner, wire, { name: 'wired' });
  }, 60_000);

  afterEach(() => wire.reset());

  afterAll(async () => {
    await app.close();
    await wire.close();
  });

  const messagesOf = async (sessionId: string) =>
    expectStatus(await owner.get(`${sessionsPath}/${sessionId}/messages`)).items;

  const answerOf = async (sessionId: string) => (await messagesOf(sessionId))[1];

  /** An answer that has ended, and all that its stream said. */
  const ended = async (text = slowlySaid(20, 400)): Promise<{ sessionId: string; whole: ByteReader }> => {
    const sessionId = await createSession(owner);
    const whole = await (await openBytes(owner, sessionId, { text })).readAll();
    expect(whole.isWhole).toBe(true);
    return { sessionId, whole };
  };

  describe('refuses', () => {
    it.each<[string, Place, string]>([
      ['no id of an event', { lastEventId: 'seven' }, 'last-event-id'],
      ['no id of an event', { after: '7' }, 'after'],
      ['two places', { after: '7.0f3c9a1b', offset: 7 }, 'offset'],
      ['an offset that is none', { offset: -1 }, 'offset'],
    ])('%s: %j', async (_, place, field) => {
      const refusal = await refusalOf(await fetchStream(owner, await createSession(owner), place));
      expect(refusal).toMatchObject({ status: 400, code: 'VALIDATION_FAILED' });
      expect(refusal.message).toContain(field);
    });

    it('an event of another answer, and a place beyond what was said, running or ended', async () => {
      const other = await ended();
      const sessionId = await createSession(owner);
      const running = await openBytes(owner, sessionId, { text: slowly(5_000, 50) });
      await running.readBytes(500);
      const answer = await answerOf(sessionId);
      const own = answer.id.slice(-8);
      const places: Place[] = [
        { lastEventId: other.whole.lastEventId ?? '' },
        { after: `999999.${own}` },
        { offset: 99_999_999 },
      ];
      for (const place of places)
        expect(await refusalOf(await fetchStream(owner, sessionId, place))).toMatchObject({ status: 400 });
      expectStatus(await owner.post(`${sessionsPath}/${sessionId}/stop`));
      await running.readAll();
      for (const place of places)
        expect(await refusalOf(await fetchStream(owner, sessionId, place))).toMatchObject({
          status: 400,
          code: 'VALIDATION_FAILED',
        });
    });

    it('whoever it does not belong to, at any place', async () => {
      const sessionId = await createSession(owner);
      const running = await openBytes(owner, sessionId, { text: slowly(5_000, 50) });
      await running.readBytes(500);
      const stranger = await createTeam(await signUp(app));
      const key = await createApiKey(owner, ['chat.use']);
      const places: Place[] = [{}, { lastEventId: running.lastEventId ?? '' }, { offset: 0 }];
      for (const other of [member, stranger, key])
        for (const place of places) expect((await fetchStream(other, sessionId, place)).status).toBe(404);
      expectStatus(await owner.post(`${sessionsPath}/${sessionId}/stop`));
      await running.readAll();
      for (const other of [member, stranger, key])
        expect((await fetchStream(other, sessionId, { offset: 0 })).status).toBe(404);
    });
  });

  describe('goes on', () => {
    it('at any event and any byte of a running answer, with the very bytes that everybody gets', async () => {
      const sessionId = await createSession(owner);
      const whole = await openBytes(owner, sessionId, { text: slowlySaid(60, 60) });
      await whole.readBytes(2_000);
      const { lastEventId = '', length } = whole;
      const cut = 1_001; // within a character or not
      const readers = await Promise.all([
        joinBytes(owner, sessionId),
        joinBytes(owner, sessionId, { lastEventId }),
        joinBytes(owner, sessionId, { after: lastEventId }),
        joinBytes(owner, sessionId, { offset: length }),
        joinBytes(owner, sessionId, { offset: cut }),
      ]);
      await Promise.all([whole, ...readers].map((reader) => reader.readAll()));
      expect(whole.isWhole).toBe(true);
      const all = whole.received;
      const expected = [
        all,
        bytesAfter(all, lastEventId),
        bytesAfter(all, lastEventId),
        all.subarray(length),
      ];
      readers
        .slice(0, 4)
        .forEach((reader, index) => expect(reader.received.equals(expected[index]!)).toBe(true));
      expect(readers[4]?.received.equals(all.subarray(cut))).toBe(true);
      expect(whole.response.headers.get('x-message-id')).toBe((await answerOf(sessionId)).id);
    });

    it('with the rest of an answer that has ended, and with nothing where there is none', async () => {
      const { sessionId, whole } = await ended();
      const first = /^id: (\S+)$/m.exec(whole.text)?.[1] ?? '';
      const rest = await (await joinBytes(owner, sessionId, { lastEventId: first })).readAll();
      expect(rest.received.equals(bytesAfter(whole.received, first))).toBe(true);
      for (const offset of [0, 1, 777, whole.length - 1]) {
        const read = await (await joinBytes(owner, sessionId, { offset })).readAll();
        expect(read.received.equals(whole.received.subarray(offset))).toBe(true);
      }
      for (const place of [{}, { lastEventId: whole.lastEventId ?? '' }, { offset: whole.length }])
        expect((await fetchStream(owner, sessionId, place)).status).toBe(204);
    });

    it('numbers its events one by one, the last of which is [DONE]', async () => {
      const { sessionId, whole } = await ended();
      const { id } = await answerOf(sessionId);
      const ids = [...whole.text.matchAll(/^id: (\S+)$/gm)].map(([, found]) => found);
      expect(ids).toEqual(ids.map((_, index) => `${index + 1}.${id.slice(-8)}`));
      expect(whole.text).toContain(`id: ${ids.length}.${id.slice(-8)}\ndata: [DONE]\n\n`);
    });

    it('also from long ago: what memory has forgotten comes from the log', async () => {
      wire.next({ reply: { chunks: Array.from({ length: 12_000 }, (_, index) => `${many}${index} `) } });
      const sessionId = await createSession(owner, { modelId: model.id });
      const whole = await openBytes(owner, sessionId, { text: 'Much' });
      await whole.readBytes(700_000);
      const late = await joinBytes(owner, sessionId, { offset: 0 }); // it may have ended by now
      await Promise.all([whole.readAll(), late.readAll()]);
      expect(whole.length).toBeGreaterThan(1_000_000);
      expect(late.received.equals(whole.received)).toBe(true);
      const again = await (await joinBytes(owner, sessionId, { offset: 12_345 })).readAll();
      expect(again.received.equals(whole.received.subarray(12_345))).toBe(true);
    }, 60_000);

    it('is forgotten ten minutes after its end, and then there is nothing to read', async () => {
      const { sessionId, whole } = await ended();
      const { pool } = app.nest.get(Database);
      const housekeeping = app.nest.get(Housekeeping);
      const { id } = await answerOf(sessionId);
      const count = async () =>
        (await pool.query('select from chat_answer_event where message_id = $1', [id])).rowCount;
      await housekeeping.run();
      expect(await count()).toBeGreaterThan(0);
      await pool.query(
        `update chat_answer_event set created_at = now() - interval '11 minutes' where message_id = $1`,
        [id],
      );
      await housekeeping.run();
      expect(await count()).toBe(0);
      expect((await fetchStream(owner, sessionId, { offset: 0 })).status).toBe(204);
      expect((await fetchStream(owner, sessionId, { lastEventId: whole.lastEventId ?? '' })).status).toBe(
        204,
      );
    });

    it('ends for its readers when the conversation is deleted', async () => {
      const sessionId = await createSession(owner);
      const reader = await openBytes(owner, sessionId, { text: slowly(5_000, 50) });
      await reader.readBytes(500);
      expect((await owner.delete(`${sessionsPath}/${sessionId}`)).status).toBe(204);
      await reader.readAll();
      expect(reader.text).toContain('"type":"abort"');
      expect(reader.isWhole).toBe(true);
    });

    it('ends soon where its row vanishes in another way, and its provider is asked no more', async () => {
      wire.next({ reply: { chunks: Array.from({ length: 500 }, () => 'more '), chunkDelayMs: 40 } });
      const sessionId = await createSession(owner, { modelId: model.id });
      const reader = await openBytes(owner, sessionId, { text: 'Much' });
      await reader.readBytes(500);
      await app.nest.get(Database).pool.query('delete from chat_session where id = $1', [sessionId]);
      await reader.readAll();
      expect(reader.isWhole).toBe(false);
      await wire.requests.at(-1)?.aborted;
    });
  });

  describe('is cut', () => {
    const removeMember = async ({ email }: Client) =>
      expectStatus(
        await owner.post('/api/auth/organization/remove-member', {
          memberIdOrEmail: email,
          organizationId: owner.teamId,
        }),
      );

    /** An answer that says nothing any more, and one who reads it. */
    const openSilent = async (client: Client) => {
      const sessionId = await createSession(client);
      const reader = await openBytes(client, sessionId, { text: thenSilent });
      const answer = app.nest
        .get(RunningAnswers, { strict: false })
        .findByMessage(reader.response.headers.get('x-message-id') ?? '');
      if (!answer) throw new Error('It does not run.');
      return { sessionId, reader, answer };
    };

    it('for a reader who has left the team, and cannot be joined again', async () => {
      const leaving = await addMember(app, owner);
      const sessionId = await createSession(leaving);
      const reader = await openBytes(leaving, sessionId, { text: slowly(2_000, 40) });
      await reader.readBytes(500);
      await removeMember(leaving);
      await reader.readAll();
      expect(reader.isWhole).toBe(false);
      expect((await fetchStream(leaving, sessionId)).status).toBe(404);
    });

    it('for a reader who has left while it said nothing, or while they took nothing: they hear no more of it', async () => {
      const leaving = await addMember(app, owner);
      const { sessionId, reader, answer } = await openSilent(leaving);
      const scope = {
        teamId: toTeamId(leaving.teamId),
        userId: toUserId(leaving.userId),
        appId: chatApp,
      };
      const slow = await app.nest.get(AnswerStreams, { strict: false }).join(scope, sessionId, beginning);
      expect((await slow?.events.next())?.value?.toString()).toContain('before');
      await removeMember(leaving);
      await reader.readAll();
      expect([reader.isWhole, reader.text.includes('before')]).toEqual([false, true]);
      answer.say({ type: 'text-delta', id: '0', delta: 'after' });
      expect(await slow?.events.next()).toEqual({ done: true, value: undefined });
      answer.stop('stopped');
      await answer.done;
    });

    it('for nobody while the database cannot be asked, and for who has left once it can', async () => {
      const { pool } = app.nest.get(Database);
      const leaving = await addMember(app, owner);
      const { reader, answer } = await openSilent(leaving);
      await pool.query('alter table api_key rename to api_key_away');
      await removeMember(leaving);
      const logged = app.logs.length;
      await eventually(async () =>
        app.logs.slice(logged).some((line) => line.includes('could not be looked at')),
      );
      answer.say({ type: 'text-delta', id: '0', delta: 'meanwhile' });
      await pool.query('alter table api_key_away rename to api_key');
      await reader.readAll();
      expect([reader.isWhole, reader.text.includes('meanwhile')]).toEqual([false, true]);
      answer.stop('stopped');
      await answer.done;
    });

    it('for the session that has ended, however it did, and for no other one of the person', async () => {
      const { pool } = app.nest.get(Database);
      const person = await addMember(app, owner);
      const careful = await addMember(app, owner);
      const key = await createApiKey(owner, ['chat.use']);
      const again = async ({ email = '' }: Client) => (await signIn(app, email)).inTeam(owner.teamId);
      const [signedOut, revoked, expired, renewed, subscribed] = [
        await again(person),
        await again(person),
        await again(person),
        await again(person),
        await again(person),
      ];
      const elsewhere = await again(careful);
      const [silent, carefuls, keys] = [
        await openSilent(person),
        await openSilent(careful),
        await openSilent(key),
      ];
      const read = (client: Client) => joinBytes(client, silent.sessionId);
      const input = encodeURIComponent(JSON.stringify({ sessionId: silent.sessionId }));
      const subscription = new ByteReader(
        await subscribed.fetch(`/trpc/chat.resumeMessage?input=${input}`, {
          headers: { accept: 'text/event-stream' },
        }),
        new AbortController(),
      );
      const cut = [
        await read(signedOut),
        await read(revoked),
        await read(expired),
        subscription,
        carefuls.reader,
        await joinBytes(elsewhere, carefuls.sessionId),
      ];
      const goingOn = [silent.reader, await read(renewed), keys.reader];
      const idOf = async (client: Client): Promise<string> =>
        (await pool.query('select id from auth_session where token = $1', [storedToken(client)])).rows[0]?.id;
      const expire = (client: Client, when: string) =>
        pool.query(`update auth_session set expires_at = now() + $2::interval where token = $1`, [
          storedToken(client),
          when,
        ]);
      const id = await idOf(renewed);
      await expire(renewed, '5 days'); // of seven: the next call makes it last longer
      const { body } = await renewed.get('/api/auth/get-session');
      expect(Date.parse(body.session.expiresAt)).toBeGreaterThan(Date.now() + 6 * 24 * 60 * 60_000);
      expect([body.session.id, await idOf(renewed)]).toEqual([id, id]);

      expectStatus(await signedOut.post('/api/auth/sign-out'));
      expectStatus(await subscribed.post('/api/auth/sign-out'));
      expectStatus(await person.post('/api/auth/revoke-session', { token: storedToken(revoked) }));
      await expire(expired, '-1 second');
      const changed = await careful.post('/api/auth/change-password', {
        currentPassword: 'correct horse battery',
        newPassword: 'another horse battery',
        revokeOtherSessions: true,
      });
      expectStatus(changed);
      await Promise.all(cut.map((reader) => reader.readAll()));
      for (const { text } of cut) {
        expect(text).toContain('before');
        expect(text).not.toMatch(/"type":"finish"|"type":"abort"|\[DONE\]/);
      }
      for (const client of [signedOut, revoked, expired, careful, elsewhere])
        expect((await fetchStream(client, silent.sessionId)).status).toBe(401);
      const changedTo = new Client(app.url, changed.headers.get('set-auth-token')!, owner.teamId);
      expect((await fetchStream(changedTo, carefuls.sessionId)).status).toBe(200);

      for (const { answer } of [silent, carefuls, keys]) {
        answer.stop('stopped');
        await answer.done;
      }
      await Promise.all(goingOn.map((reader) => reader.readAll()));
      expect(goingOn.map(({ isWhole }) => isWhole)).toEqual([true, true, true]);
      expect(app.logs.filter((line) => line.includes(id))).toEqual([]);
    });
  });

  describe('whose process was taken for dead', () => {
    it('has one log all the same: it is cut, and whoever joins again gets the end that it was given', async () => {
      wire.next({ reply: { chunks: Array.from({ length: 500 }, () => 'more '), chunkDelayMs: 20 } });
      const sessionId = await createSession(owner, { modelId: model.id });
      const reader = await openBytes(owner, sessionId, { text: 'Much' });
      await reader.readBytes(2_000);
      const { id } = await answerOf(sessionId);
      const { pool } = app.nest.get(Database);
      await pool.query('update chat_message set instance_id = 1 where id = $1', [id]);
      await app.nest.get(Recovery).run(); // as another replica does
      await reader.readAll();
      expect(reader.isWhole).toBe(false);
      const { lastEventId = '' } = reader;
      const rest = await (await joinBytes(owner, sessionId, { lastEventId })).readAll();
      expect(rest.text).toContain('{"type":"abort","reason":"interrupted"}');
      expect(rest.isWhole).toBe(true);
      const all = await (await joinBytes(owner, sessionId, { offset: 0 })).readAll();
      expect(all.text.endsWith(rest.text)).toBe(true);
      const stored = await eventually(async () => {
        const answer = await answerOf(sessionId);
        return answer.status === 'interrupted' && answer;
      });
      expect(stored.parts[0]).toMatchObject({ text: expect.stringMatching(/^(more )+$/), state: 'done' });
      await wire.requests.at(-1)?.aborted;
      expect((await say(owner, sessionId, { text: 'Go on' })).status).toBe(200);
    });

    it('keeps what was logged and not stored yet', async () => {
      const { sessionId } = await ended('Say\n/sandbox answer="one two three"');
      const { id } = await answerOf(sessionId);
      const { pool } = app.nest.get(Database);
      // As a process leaves it that was killed between its log and its next save.
      await pool.query(
        `update chat_message set status = 'streaming', instance_id = 1, parts = '[]' where id = $1`,
        [id],
      );
      await pool.query(`update chat_answer_event set is_end = false where message_id = $1`, [id]);
      await app.nest.get(Recovery).run();
      expect(await answerOf(sessionId)).toMatchObject({
        status: 'interrupted',
        parts: [{ type: 'text', text: 'one two three', state: 'done' }],
      });
    });
  });

  describe('sent once', () => {
    const send = (sessionId: string, body: object, key: string, client: Client = owner) =>
      client.fetch(`${sessionsPath}/${sessionId}/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify(body),
      });

    it.each(['', 'with space', 'x'.repeat(201), 'ü'])('refuses the key %j', async (key) => {
      const response = await send(
        await createSession(owner),
        { text: 'Hello' },
        encodeURI(key) === key ? key : 'a b',
      );
      expect(await refusalOf(response)).toMatchObject({ status: 400, code: 'VALIDATION_FAILED' });
    });

    it('answers a repetition with the same bytes, and asks nobody', async () => {
      const sessionId = await createSession(owner, { modelId: model.id });
      const body = { message: { role: 'user', parts: [{ type: 'text', text: 'Hello' }] } };
      const first = await send(sessionId, body, 'once-1');
      const text = await first.text();
      expect(first.headers.get('idempotency-replayed')).toBeNull();
      const swapped = { message: { parts: [{ text: 'Hello', type: 'text' }], role: 'user' } };
      for (const same of [body, swapped]) {
        const again = await send(sessionId, same, 'once-1');
        expect(again.headers.get('idempotency-replayed')).toBe('true');
        expect(await again.text()).toBe(text);
      }
      expect(wire.requests).toHaveLength(1);
      expect(await messagesOf(sessionId)).toHaveLength(2);
    });

    it('refuses another message under the same key, and lets everybody have keys of their own', async () => {
      const sessionId = await createSession(owner);
      await (await send(sessionId, { text: 'Hello' }, 'once-2')).text();
      const others = [
        await send(sessionId, { text: 'Another' }, 'once-2'),
        await send(await createSession(owner), { text: 'Hello' }, 'once-2'),
      ];
      for (const other of others)
        expect(await refusalOf(other)).toMatchObject({ status: 409, code: 'CONFLICT' });
      const theirs = await send(await createSession(member), { text: 'Hello' }, 'once-2', member);
      expect([theirs.status, theirs.headers.get('idempotency-replayed')]).toEqual([200, null]);
    });

    it('follows the one that runs: twins at the same moment ask once', async () => {
      wire.next({ reply: { chunks: Array.from({ length: 20 }, () => 'word '), chunkDelayMs: 20 } });
      const sessionId = await createSession(owner, { modelId: model.id });
      const twins = await Promise.all(
        Array.from({ length: 5 }, () => send(sessionId, { text: 'Hello' }, 'once-3')),
      );
      const texts = await Promise.all(twins.map((twin) => twin.text()));
      expect(twins.map(({ status }) => status)).toEqual(Array(5).fill(200));
      expect(new Set(texts).size).toBe(1);
      expect(texts[0]).toContain('[DONE]');
      expect(twins.filter(({ headers }) => headers.get('idempotency-replayed') === null)).toHaveLength(1);
      expect(wire.requests).toHaveLength(1);
      expect(await listExecutions(owner)).toEqual(
        expect.arrayContaining([expect.objectContaining({ outcome: 'completed' })]),
      );
    });

    it('answers a repetition of what failed with its failure', async () => {
      wire.next({ fail: { status: 500, message: 'no' } }, { fail: { status: 500, message: 'no' } });
      const lonely = await createTeam(owner);
      const only = await addTeamProvider(lonely, wire, { name: 'only' });
      expectStatus(await lonely.patch('/api/v1/team-models/sandbox%2Fecho', { enabled: false }));
      const sessionId = await createSession(lonely, { modelId: only.id });
      expect((await send(sessionId, { text: 'Hello' }, 'once-4', lonely)).status).toBe(502);
      const asked = wire.requests.length;
      const again = await send(sessionId, { text: 'Hello' }, 'once-4', lonely);
      expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
      expect(await again.text()).toContain('PROVIDER_FAILED');
      expect(wire.requests).toHaveLength(asked);
    });

    it('keeps no key of what was refused', async () => {
      const sessionId = await createSession(owner);
      expect((await send(sessionId, { text: 'Hello', modelId: 'openai/none' }, 'once-5')).status).toBe(404);
      const sent = await send(sessionId, { text: 'Hello' }, 'once-5');
      expect([sent.status, sent.headers.get('idempotency-replayed')]).toEqual([200, null]);
    });

    it('makes the stream up from the message once the log is gone, and forgets the key after a day', async () => {
      const sessionId = await createSession(owner);
      await (await send(sessionId, { text: 'Say it' }, 'once-6')).text();
      const { id, parts } = await answerOf(sessionId);
      const { pool } = app.nest.get(Database);
      await pool.query('delete from chat_answer_event where message_id = $1', [id]);
      const again = await send(sessionId, { text: 'Say it' }, 'once-6');
      const text = await again.text();
      expect(again.headers.get('idempotency-replayed')).toBe('true');
      expect(text).toContain(JSON.stringify(parts[0].text));
      expect(text).toMatch(/data: \[DONE\]\n\n$/);
      await pool.query(
        `update chat_idempotency_key set created_at = now() - interval '25 hours' where key = 'once-6'`,
      );
      await app.nest.get(Housekeeping).run();
      const { rowCount } = await pool.query(`select from chat_idempotency_key where key = 'once-6'`);
      expect(rowCount).toBe(0);
    });
  });

  it('is stored as the sum of its events', async () => {
    const { sessionId, whole } = await ended();
    const said = [...whole.text.matchAll(/"delta":("(?:[^"\\]|\\.)*")/g)].map(([, text]) =>
      JSON.parse(text!),
    );
    expect((await answerOf(sessionId)).parts[0].text).toBe(said.join(''));
    const next = await say(owner, sessionId, { text: 'Go on' });
    expect(next.status).toBe(200);
    await eventually(async () => (await messagesOf(sessionId)).length === 4);
  });
});

const onServer = process.env.DATABASE_URL ? describe : describe.skip;

onServer('the stream of an answer over two replicas', () => {
  let first: TestApp;
  let second: TestApp;
  let owner: Client & { teamId: string };

  beforeAll(async () => {
    first = await startTestApp();
    second = await startTestApp({}, first.database);
    owner = await createTeam(await signUp(first));
  }, 60_000);

  afterAll(async () => {
    await second.close();
    await first.close();
  });

  it('goes on from the other one, at any place, also one that is not written yet', async () => {
    const sessionId = await createSession(owner);
    const whole = await openBytes(owner, sessionId, { text: slowlySaid(80, 80) });
    await whole.readBytes(3_000);
    const { lastEventId = '', length } = whole;
    const there = at(owner, second);
    const [all, after, offset] = await Promise.all([
      joinBytes(there, sessionId),
      joinBytes(there, sessionId, { lastEventId }),
      joinBytes(there, sessionId, { offset: length }),
    ]);
    await Promise.all([whole, all, after, offset].map((reader) => reader.readAll()));
    expect(all.received.equals(whole.received)).toBe(true);
    expect(after.received.equals(bytesAfter(whole.received, lastEventId))).toBe(true);
    expect(offset.received.equals(whole.received.subarray(length))).toBe(true);
    const own = lastEventId.split('.')[1];
    expect((await fetchStream(there, sessionId, { after: `99999.${own}` })).status).toBe(400);
  });

  it('is cut on the other one for a session that signs out here', async () => {
    const signedIn = (await signIn(first, owner.email ?? '')).inTeam(owner.teamId);
    const sessionId = await createSession(owner);
    const whole = await openBytes(owner, sessionId, { text: thenSilent });
    const reader = await joinBytes(at(signedIn, second), sessionId);
    expectStatus(await signedIn.post('/api/auth/sign-out'));
    await reader.readAll();
    expect([reader.isWhole, reader.text.includes('before')]).toEqual([false, true]);
    expectStatus(await owner.post(`${sessionsPath}/${sessionId}/stop`));
    expect((await whole.readAll()).isWhole).toBe(true);
  });

  it('sent to both at the same moment under one key, is asked for once', async () => {
    const sessionId = await createSession(owner);
    const answers = await Promise.all(
      [first, second, first, second].map(async (app) =>
        (
          await openBytes(at(owner, app), sessionId, { text: slowly(20, 100) }, { 'idempotency-key': 'both' })
        ).readAll(),
      ),
    );
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers.every(({ isWhole }) => isWhole)).toBe(true);
    expect(expectStatus(await owner.get(`${sessionsPath}/${sessionId}/messages`)).items).toHaveLength(2);
  });
});
