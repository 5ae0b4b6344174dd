import { Database } from '../../src/platform/database';
import { startTestApp, type TestApp } from '../support/app';
import { countBlocks } from '../support/blocks-read';
import { addMember, createTeam, signUp, type Client } from '../support/client';
import { expectStatus } from '../support/providers';

const path = '/api/v1/executions';
const rare = { app: 'rare', model: '00000000-0000-7000-8000-00000000abcd', ref: 'acme/rare' };
const aDay = 86_400_000;

interface Listed {
  id: string;
  appId: string;
  createdAt: string;
}

const today = Date.UTC(2026, 0, 201);
const dayBefore = (days: number) => new Date(today - days * aDay).toISOString();
const toCursor = (...parts: string[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');

describe('the ledger of what ran', () => {
  let app: TestApp;
  let owner: Client & { teamId: string; userId?: string };
  let member: Client & { userId?: string };

  /** `count` executions, one each `everyMs` back from today; the oldest of them are the rare ones. */
  const grow = (teamId: string, userId: string, count: number, everyMs: number, rareCount = 0) =>
    app.nest.get(Database).pool.query(
      `insert into ai_execution (team_id, id, app_id, user_id, provider_id, model_id, model_ref, outcome, instance_id, created_at)
       select $1, gen_random_uuid(), case when is_rare then $5 else 'chat' end, $2, 'acme',
              case when is_rare then $6::uuid else '00000000-0000-7000-8000-000000000001' end,
              case when is_rare then $7 else 'acme/usual' end, 'completed', 1,
              to_timestamp($3::float8 / 1000) - n * $8::float8 * interval '1 millisecond'
         from (select n, n > $4::int - $9::int as is_rare from generate_series(1, $4::int) n) numbered`,
      [teamId, userId, today, count, rare.app, rare.model, rare.ref, everyMs, rareCount],
    );
  const read = async (query: Record<string, string | number>, who: Client = owner) => {
    const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
    return expectStatus(await who.get(`${path}?${search}`)) as { items: Listed[]; nextCursor?: string };
  };
  const readAll = async (query: Record<string, string | number>, who: Client = owner) => {
    const items: Listed[] = [];
    for (let cursor: string | undefined, page; ; cursor = page.nextCursor) {
      page = await read({ ...query, ...(cursor ? { cursor } : {}) }, who);
      items.push(...page.items);
      if (!page.nextCursor) return items;
    }
  };

  beforeAll(async () => {
    app = await startTestApp();
    owner = await createTeam(await signUp(app));
    member = await addMember(app, owner);
    await grow(owner.teamId, owner.userId!, 20_000, aDay / 100, 4);
    await grow(owner.teamId, member.userId!, 10, 0);
    const other = await createTeam(await signUp(app));
    await grow(other.teamId, other.userId!, 2_000, aDay / 100, 4);
    await app.nest.get(Database).pool.query('analyze ai_execution');
  });

  afterAll(() => app.close());

  it.each([
    ['a cursor of another list', toCursor('a', 'b')],
    ['a cursor of the version before', toCursor(rare.model)],
    ['a cursor of no time', toCursor('2026-02-31T00:00:00.000Z', rare.model)],
  ])('refuses %s', async (_what, cursor) => {
    const { status, body } = await owner.get(`${path}?cursor=${cursor}`);
    expect([status, body.error.message]).toEqual([400, expect.stringContaining('cursor')]);
  });

  it('is paged newest first: each once, those of one moment too', async () => {
    const times = { from: dayBefore(1), limit: 7 };
    const items = await readAll(times);
    expect(items).toHaveLength(100 + 10);
    expect(new Set(items.map(({ id }) => id)).size).toBe(items.length);
    const createdAts = items.map(({ createdAt }) => createdAt);
    expect(createdAts).toEqual(createdAts.toSorted().toReversed());
    expect((await readAll(times, member)).map(({ createdAt }) => createdAt)).toEqual(
      Array.from({ length: 10 }, () => dayBefore(0)),
    );
  });

  it('begins with `from` and ends before `to`', async () => {
    const items = await readAll({ from: dayBefore(150), to: dayBefore(149), limit: 40 });
    expect(items).toHaveLength(100);
    expect(items.at(-1)?.createdAt).toBe(dayBefore(150));
    expect(items[0]!.createdAt < dayBefore(149)).toBe(true);
    expect(await readAll({ from: dayBefore(149), to: dayBefore(149) })).toEqual([]);
  });

  it.each([
    ['everything', {}, 5],
    ['a page far back', { cursor: toCursor(dayBefore(190), rare.model) }, 5],
    ['the last page of a day', { from: dayBefore(0.04) }, 5],
    ['a day of long ago', { from: dayBefore(150), to: dayBefore(149) }, 5],
    ['what an app did seldom, and long ago', { appId: rare.app }, 4],
    ['what an app never did', { appId: 'nobody' }, 0],
    ['a model, by its id', { modelId: rare.model }, 4],
    ['a model, by its ref', { modelId: rare.ref }, 4],
    ['an app on a day', { appId: rare.app, from: dayBefore(1) }, 0],
    ['a user', { userId: 'member' }, 5],
    ['a user on a day of long ago', { userId: 'member', from: dayBefore(150), to: dayBefore(149) }, 0],
  ])('reads no more of it than it shows: %s', async (_what, given, count) => {
    const query = { ...given, ...('userId' in given ? { userId: member.userId! } : {}), limit: 5 };
    for (let n = 0; n < 6; n += 1) await read(query); // from the sixth on, a prepared statement is planned for any values
    const blocks = await countBlocks(app, 'ai_execution', async () => {
      expect((await read(query)).items).toHaveLength(count);
    });
    expect(blocks).toBeLessThan(100);
  });
});
