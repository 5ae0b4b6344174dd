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
  createdAt: string;
}

interface Growth {
  count: number;
  everyMs: number;
  days?: number;
  rareCount?: number;
}

const today = Date.UTC(2026, 0, 201);
const dayBefore = (days: number) => new Date(today - days * aDay).toISOString();
const ever = { from: dayBefore(1_000), to: dayBefore(-1) };
const toCursor = (...parts: string[]) => Buffer.from(JSON.stringify(parts)).toString('base64url');

describe('the ledger of what ran', () => {
  let app: TestApp;
  let owner: Client & { teamId: string };
  let member: Client;

  const sql = (text: string, values: unknown[] = []) => app.nest.get(Database).pool.query(text, values);
  /** One each `everyMs`, back from `days` ago; the oldest of them are the rare ones. */
  const grow = (
    { teamId, userId }: { teamId: string; userId?: string },
    { count, everyMs, days = 0, rareCount = 0 }: Growth,
  ) =>
    sql(
      `insert into ai_execution (team_id, id, app_id, user_id, provider_id, model_id, model_ref, outcome, instance_id, created_at)
       select $1, gen_random_uuid(), case when is_rare then $5 else 'chat' end, $2, 'acme',
              case when is_rare then $6::uuid else '00000000-0000-7000-8000-000000000001' end,
              case when is_rare then $7 else 'acme/usual' end, 'completed', 1,
              to_timestamp($3::float8 / 1000) - n * $8::float8 * interval '1 millisecond'
         from (select n, n > $4::int - $9::int as is_rare from generate_series(1, $4::int) n) numbered`,
      [teamId, userId, today - days * aDay, count, rare.app, rare.model, rare.ref, everyMs, rareCount],
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
    await grow(owner, { count: 20_000, everyMs: aDay / 100, rareCount: 4 });
    await grow(owner, { count: 10, everyMs: 0 });
    await grow(
      { ...owner, userId: member.userId! },
      { count: 5_000, everyMs: aDay / 50, days: 100, rareCount: 2 },
    );
    await sql(
      `with other as (insert into team (id, name, slug)
         select gen_random_uuid(), 'other', 'other-' || n from generate_series(1, 500) n returning id)
       insert into ai_execution (team_id, id, app_id, user_id, provider_id, model_id, model_ref, outcome, instance_id, created_at)
       select other.id, gen_random_uuid(), 'chat', gen_random_uuid(), 'acme', gen_random_uuid(), 'acme/usual', 'completed', 1,
              to_timestamp($1::float8 / 1000) - n * interval '1 day'
         from other, generate_series(1, 30) n`,
      [today],
    );
    // As a restored backup has it: indexes in the order of their names. Between those that cost the same, the newest is taken.
    await sql(
      `drop index ai_execution_time; create index ai_execution_time on ai_execution (team_id, created_at, id)`,
    );
    await sql('analyze ai_execution');
  });

  afterAll(() => app.close());

  it.each([
    ['a cursor of another list', toCursor('a', 'b')],
    ['a cursor of the version before', toCursor(rare.model)],
    ['a cursor of no time', toCursor('2026-02-31T00:00:00.000Z', rare.model)],
    ['a cursor of year 0', toCursor('0000-01-01T00:00:00.000Z', rare.model)],
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
    expect((await readAll({ limit: 200 }, member)).map(({ createdAt }) => createdAt)).toEqual(
      Array.from({ length: 5_000 }, (_, index) => dayBefore(100 + (index + 1) / 50)),
    );
  });

  it('begins with `from` and ends before `to`', async () => {
    const items = await readAll({ from: dayBefore(150), to: dayBefore(149), limit: 40 });
    expect(items).toHaveLength(100 + 50);
    expect(items.at(-1)?.createdAt).toBe(dayBefore(150));
    expect(items[0]!.createdAt < dayBefore(149)).toBe(true);
    expect(await readAll({ from: dayBefore(149), to: dayBefore(149) })).toEqual([]);
  });

  it.each([
    ['everything', {}, 5],
    ['a page far back', { cursor: toCursor(dayBefore(190), rare.model) }, 5],
    ['the last page of a day', { from: dayBefore(0.04) }, 5],
    ['a day of long ago', { from: dayBefore(150), to: dayBefore(149) }, 5],
    ['what an app did seldom, and long ago', { appId: rare.app }, 5],
    ['what an app never did', { appId: 'nobody' }, 0],
    ['a model, by its id', { modelId: rare.model }, 5],
    ['a model, by its ref', { modelId: rare.ref }, 5],
    ['an app on a day', { appId: rare.app, from: dayBefore(1) }, 0],
    ['an app, in times that are no limit', { appId: 'nobody', ...ever }, 0],
    ['a model, in times that are no limit', { modelId: rare.ref, ...ever }, 5],
    ['a user', { userId: 'member' }, 5],
    ['a user, in times that are no limit', { userId: 'member', ...ever }, 5],
    ['a user on a day of long ago', { userId: 'member', from: dayBefore(150), to: dayBefore(149) }, 5],
    ['a user and an app', { userId: 'member', appId: rare.app }, 2],
    [
      'a user, an app and a model, in times',
      { userId: 'member', appId: 'chat', modelId: rare.ref, ...ever },
      0,
    ],
  ])('reads no more of it than it shows: %s', async (_what, given, count) => {
    const query = { ...given, ...('userId' in given ? { userId: member.userId! } : {}), limit: 5 };
    for (let n = 0; n < 6; n += 1) await read(query); // from the sixth on, a prepared statement is planned for any values
    const blocks = await countBlocks(app, 'ai_execution', async () => {
      expect((await read(query)).items).toHaveLength(count);
    });
    expect(blocks).toBeLessThan(100);
  });
});
