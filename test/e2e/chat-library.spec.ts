import { chatApp, toTeamId, toUserId } from '@kdx/shared';
import { ExportService } from '../../src/chat/exports/export.service';
import { startTestApp, type TestApp } from '../support/app';
import {
  addMember,
  createSession,
  createTeam,
  say,
  signIn,
  signUp,
  type Answer,
  type Client,
} from '../support/client';
import { growConversation } from '../support/long-conversations';
import { expectStatus } from '../support/providers';

const sessionsPath = '/api/v1/chat/sessions';
const foldersPath = '/api/v1/chat/folders';

describe('a library of conversations', () => {
  let app: TestApp;
  let owner: Client & { teamId: string };
  let member: Client;

  beforeAll(async () => {
    app = await startTestApp();
    owner = await createTeam(await signUp(app));
    member = await addMember(app, owner);
  }, 60_000);

  afterAll(() => app.close());

  const createFolder = async (name: string, client: Client = owner): Promise<string> =>
    expectStatus(await client.post(foldersPath, { name }), 201).id;

  const list = async (query: string, client: Client = owner): Promise<Answer['body'][]> =>
    expectStatus(await client.get(`${sessionsPath}?${query}`)).items;

  const talk = async (title: string, ...texts: string[]): Promise<string> => {
    const sessionId = await createSession(owner, { title });
    for (const text of texts) await say(owner, sessionId, { text: `${text}\n/sandbox answer=ok` });
    return sessionId;
  };

  describe('in folders', () => {
    it('refuses a name that is taken whatever its case, an empty one, and folders of others', async () => {
      const mine = await createFolder('Holidays');
      expect(await owner.post(foldersPath, { name: ' hOLIDAYS ' })).toMatchObject({
        status: 409,
        body: { error: { code: 'CONFLICT' } },
      });
      const other = await createFolder('Work');
      expect((await owner.patch(`${foldersPath}/${other}`, { name: 'holidays' })).status).toBe(409);
      for (const name of ['', ' ', 'x'.repeat(101), null, 5])
        expect((await owner.post(foldersPath, { name })).status).toBe(400);
      const theirs = await createFolder('Holidays', member); // names are each user's own
      for (const answer of [
        await owner.patch(`${foldersPath}/${theirs}`, { name: 'Mine' }),
        await owner.delete(`${foldersPath}/${theirs}`),
        await owner.post(sessionsPath, { folderId: theirs }),
        await owner.patch(`${sessionsPath}/${await createSession(owner)}`, { folderId: theirs }),
        await member.patch(`${foldersPath}/${mine}`, { name: 'Taken' }),
      ])
        expect(answer).toMatchObject({ status: 404, body: { error: { code: 'NOT_FOUND' } } });
      expect(await list(`folderId=${theirs}`)).toEqual([]);
      expect((await owner.get(`${sessionsPath}?folderId=some`)).status).toBe(400);
    });

    it('keeps conversations, gives them up, and leaves them where it is deleted', async () => {
      const person = await createTeam(await signUp(app));
      const folder = await createFolder('Plans', person);
      const inside = await createSession(person, { folderId: folder });
      const outside = await createSession(person);
      const idsOf = async (query: string) => (await list(query, person)).map(({ id }) => id);
      expect(await idsOf(`folderId=${folder}`)).toEqual([inside]);
      expect(await idsOf('folderId=none')).toEqual([outside]);
      expectStatus(await person.patch(`${sessionsPath}/${outside}`, { folderId: folder }));
      expectStatus(await person.patch(`${sessionsPath}/${inside}`, { folderId: null }));
      expect(await idsOf(`folderId=${folder}`)).toEqual([outside]);
      expect((await person.delete(`${foldersPath}/${folder}`)).status).toBe(204);
      expect((await idsOf('folderId=none')).toSorted()).toEqual([inside, outside].toSorted());
      expect((await person.delete(`${foldersPath}/${folder}`)).status).toBe(404);
    });

    it('are two hundred at most, also where many are made at one moment', async () => {
      const person = await createTeam(await signUp(app));
      for (let count = 0; count < 195; count += 1) await createFolder(`Folder ${count}`, person);
      const made = await Promise.all(
        Array.from({ length: 20 }, (_, count) => person.post(foldersPath, { name: `At once ${count}` })),
      );
      expect(made.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
        ...Array<number>(5).fill(201),
        ...Array<number>(15).fill(409),
      ]);
      expect(await person.post(foldersPath, { name: 'One more' })).toMatchObject({
        status: 409,
        body: { error: { code: 'CONFLICT', message: expect.stringContaining('200') } },
      });
      expect(expectStatus(await person.get(foldersPath)).items).toHaveLength(200);
    });
  });

  describe('in which one searches', () => {
    it('finds nothing of others, and refuses a search without a word', async () => {
      await talk('Secret plans', 'the quick brown fox');
      expect(await list('q=quick', member)).toEqual([]);
      for (const q of ['', '%20', '...', '%00', 'x'.repeat(201), Array(21).fill('a').join('%20')])
        expect((await owner.get(`${sessionsPath}?q=${q}`)).status).toBe(400);
    });

    it('finds all words in a title or in one message, the last by its beginning, in any case', async () => {
      const person = await createTeam(await signUp(app));
      const make = async (title: string, text?: string) => {
        const sessionId = await createSession(person, { title });
        if (text !== undefined) await say(person, sessionId, { text: `${text}\n/sandbox answer=ok` });
        return sessionId;
      };
      const titled = await make('Übergröße der Straße');
      const said = await make('Other', 'We saw src/chat/README.md, and Größe: 3.14!');
      const apart = await make('Both', 'one word here');
      await say(person, apart, { text: 'another there\n/sandbox answer=ok' });
      const find = async (q: string) =>
        (await list(`q=${encodeURIComponent(q)}`, person)).map(({ id }) => id);
      expect(await find('ÜBERGRÖ')).toEqual([titled]);
      expect(await find('straße übergröße')).toEqual([titled]);
      expect(await find('readme')).toEqual([said]);
      expect(await find('chat/read')).toEqual([said]);
      expect(await find('3.14')).toEqual([said]);
      expect(await find('rea md')).toEqual([]);
      expect(await find('word there')).toEqual([]);
      expect(await find(`' | 'one':* & !"`)).toEqual([apart]);
    });

    it('says where, and goes on page by page, latest first', async () => {
      const person = await createTeam(await signUp(app));
      const ids: string[] = [];
      for (let count = 0; count < 5; count += 1) {
        const sessionId = await createSession(person, { title: `Talk ${count}` });
        await say(person, sessionId, { text: `The <b>needle</b> number ${count}\n/sandbox answer=ok` });
        ids.unshift(sessionId);
      }
      const first = expectStatus(await person.get(`${sessionsPath}?q=needle&limit=3`));
      const second = expectStatus(
        await person.get(`${sessionsPath}?q=needle&limit=3&cursor=${first.nextCursor}`),
      );
      const found = [...first.items, ...second.items];
      expect(found.map(({ id }) => id)).toEqual(ids);
      const { items } = expectStatus(await person.get(`${sessionsPath}/${ids[0]}/messages`));
      expect(found[0].match).toEqual({
        messageId: items[0].id,
        snippet: expect.stringMatching(/needle +number 4/), // the database leaves tags out,
      });
      expect((await list('q=talk&limit=1', person))[0].match).toEqual({ messageId: null, snippet: null });
      expect((await person.query('chat.findSessions', { q: 'needle', limit: 1 })).text).toContain(ids[0]);
    });
  });

  describe('from which one takes', () => {
    const forged = '# Assistant\n\n</blockquote>\r## You\r\n> quoted\n```\nopen\n- a\n\n---\n[You]: http://x';

    it('refuses a form that is none, and what is of others', async () => {
      const sessionId = await talk('Mine', 'Hello');
      expect((await owner.get(`${sessionsPath}/${sessionId}/export?format=pdf`)).status).toBe(400);
      expect((await member.get(`${sessionsPath}/${sessionId}/export`)).status).toBe(404);
    });

    it('what is shown, as Markdown under a name that is safe', async () => {
      const sessionId = await talk('Ü "plans"/..\\x', forged);
      const answer = await owner.get(`${sessionsPath}/${sessionId}/export`);
      expect(answer.headers.get('content-type')).toBe('text/markdown; charset=utf-8');
      expect(answer.headers.get('content-disposition')).toBe(
        `attachment; filename="_ _plans_.._x.md"; filename*=UTF-8''%C3%9C%20_plans_.._x.md`,
      );
      const headings = answer.text.split(/\r\n|[\r\n]/).filter((line) => line.startsWith('#'));
      expect(headings).toEqual([
        String.raw`# Ü \"plans\"\/\.\.\\x`,
        '## You',
        String.raw`## Assistant (sandbox\/echo)`,
      ]);
    });

    it('no further page once one has signed out or left the team, and nothing that looks whole', async () => {
      const leaving = await addMember(app, owner);
      const elsewhere = (await signIn(app, leaving.email ?? '')).inTeam(owner.teamId);
      const sessionId = await createSession(leaving);
      await say(leaving, sessionId, { text: 'Hello' });
      await growConversation(app, sessionId, 220, 'x'.repeat(60_000)); // more than sockets hold
      const begin = async (client: Client) => {
        const response = await client.fetch(`${sessionsPath}/${sessionId}/export?format=json`);
        const body = response.body!.getReader();
        await body.read();
        return { body, requestId: response.headers.get('x-request-id') };
      };
      const assertCut = async ({ body, requestId }: Awaited<ReturnType<typeof begin>>) => {
        const readOn = async () => {
          while (!(await body.read()).done);
        };
        await expect(readOn()).rejects.toThrow();
        const told = app.logs.filter((line) => line.includes(`"${requestId}"`) && line.includes('NOT_FOUND'));
        expect(told).toHaveLength(1);
      };
      const [there, here] = [await begin(elsewhere), await begin(leaving)];
      expectStatus(await elsewhere.post('/api/auth/sign-out'));
      await assertCut(there);
      const left = { memberIdOrEmail: leaving.email, organizationId: owner.teamId };
      expectStatus(await owner.post('/api/auth/organization/remove-member', left));
      await assertCut(here);
    }, 60_000);

    it.each(['json', 'markdown'] as const)(
      'no end as %s of a conversation that was deleted meanwhile',
      async (format) => {
        const sessionId = await talk('Gone', 'Hello');
        await growConversation(app, sessionId, 120); // more than a page
        const scope = { teamId: toTeamId(owner.teamId), userId: toUserId(owner.userId), appId: chatApp };
        const { body } = await app.nest
          .get(ExportService, { strict: false })
          .export(scope, sessionId, format);
        const pieces = [(await body.next()).value, (await body.next()).value];
        expectStatus(await owner.delete(`${sessionsPath}/${sessionId}`), 204);
        const readOn = async () => {
          for await (const piece of body) pieces.push(piece);
        };
        await expect(readOn()).rejects.toMatchObject({ code: 'NOT_FOUND' });
        expect(pieces.length).toBeGreaterThan(90);
      },
    );

    it('all branches, as JSON', async () => {
      const sessionId = await talk('All', 'one', 'two');
      await say(owner, sessionId, { text: 'new\n/sandbox answer=ok', parentId: null });
      const answer = await owner.get(`${sessionsPath}/${sessionId}/export?format=json`);
      expect(answer.headers.get('content-disposition')).toBe('attachment; filename="All.json"');
      expect(answer.body.conversation).toMatchObject({ id: sessionId, title: 'All' });
      expect(answer.body.messages).toHaveLength(6);
    });
  });
});
