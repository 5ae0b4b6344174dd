import { startModelLists, type ListKind, type ModelListServer } from '../support/wire/model-lists';
import { providerKindNames, type ProviderKindName } from '../../src/ai-studio/providers/provider-kinds';
import type { ModelListAdapter } from '../../src/ai-studio/model-sync/adapters/adapter';
import { closeGuard, contextFor, failureOf, testKey } from '../support/model-lists';
import { findListAdapter, modelListAdapters } from '../../src/ai-studio/model-sync/adapters';

// Types are checked here and not in index.ts, so that the registry of kinds may import the adapters.
const adapters: Record<Exclude<ProviderKindName, 'sandbox'>, ModelListAdapter> = modelListAdapters;
const kinds: ListKind[] = providerKindNames.filter((kind) => kind !== 'sandbox');
const keyHeaders: Partial<Record<ListKind, string>> = { anthropic: 'x-api-key', google: 'x-goog-api-key' };
const paged: ListKind[] = ['anthropic', 'google'];

let server: ModelListServer;
beforeAll(async () => {
  server = await startModelLists({ key: testKey, pageSize: 2 });
});
beforeEach(() => server.reset());
afterAll(async () => {
  await server.close();
  await closeGuard();
});

test('every kind of provider but the sandbox has an adapter', () => {
  expect(Object.keys(adapters).toSorted()).toEqual(kinds.toSorted());
  expect(findListAdapter('sandbox')).toBeUndefined();
  expect(findListAdapter('constructor')).toBeUndefined();
});

describe.each(kinds)('%s', (kind) => {
  const adapter = adapters[kind];
  const read = (changes = {}) => adapter(contextFor(server, kind, changes));
  const failure = (changes = {}) => failureOf(read(changes));
  const reason = async (changes = {}) => (await failure(changes)).details;
  const requests = () => server.requests.length;

  test('a wrong key is told as such, at once and without the key', async () => {
    if (!findListAdapter(kind)?.needsKey) server.always(kind, { status: 401 });
    const error = await failure({ apiKey: 'sk-wrong' });
    expect(error).toMatchObject({ code: 'PROVIDER_FAILED', details: { reason: 'key_rejected' } });
    expect(error.message).toMatch(/rejected the key/);
    expect(requests()).toBe(1);
  });

  test('without a key no header is sent, and a provider that wants one is told as such', async () => {
    server.setModels(kind, [{ id: 'm-1' }]);
    const result = read({ apiKey: undefined });
    if (findListAdapter(kind)?.needsKey) expect((await failureOf(result)).message).toMatch(/key/);
    else expect((await result).models).toHaveLength(1);
    expect(JSON.stringify(server.requests[0]?.headers)).not.toMatch(/authorization|api-key/);
  });

  test('a key that no header can carry is not quoted', async () => {
    const error = await failure({ apiKey: `${testKey}\nx` });
    expect(error.details).toEqual({ reason: 'key_unusable' });
    expect(requests()).toBe(0);
  });

  test.each([
    [403, 'key_not_allowed'],
    [404, 'no_list_here'],
    [400, 'request_refused'],
  ])('%i is not tried again', async (status, expected) => {
    server.always(kind, { status });
    expect(await reason()).toEqual({ reason: expected, status });
    expect(requests()).toBe(1);
  });

  test('500 is tried four times in all, with growing pauses', async () => {
    server.always(kind, { status: 500 });
    const context = contextFor(server, kind);
    const error = await failureOf(adapter(context));
    expect(error.details).toEqual({ reason: 'provider_error', status: 500 });
    expect(requests()).toBe(4);
    const [first = 0, second = 0, third = 0] = context.waits;
    expect(context.waits).toHaveLength(3);
    for (const [wait, full] of [
      [first, 500],
      [second, 1000],
      [third, 2000],
    ] as const) {
      expect(wait).toBeGreaterThanOrEqual(full / 2);
      expect(wait).toBeLessThanOrEqual(full);
    }
  });

  test('a web page is no list', async () => {
    server.always(kind, { html: '<!doctype html><title>Sign in</title>' });
    expect(await reason()).toEqual({ reason: 'not_json', status: 200 });
  });

  test.each([
    ['an error with status 200', { error: { message: 'no' } }],
    ['rows that are no list', { data: {}, models: 'none' }],
    ['null', null],
    ['a number', 7],
  ])('%s is no list', async (_name, json) => {
    server.always(kind, { json });
    expect(await reason()).toEqual({ reason: 'unexpected_shape', status: 200 });
  });

  test('an empty body is no list', async () => {
    server.always(kind, { html: '' });
    expect(await reason()).toEqual({ reason: 'empty_answer', status: 200 });
  });

  test('half a list is tried again and never passes for one', async () => {
    server.setModels(kind, [{ id: 'm-1' }, { id: 'm-2' }]);
    server.always(kind, { cut: true });
    expect(await reason()).toEqual({ reason: 'cut_off', status: 200 });
    expect(requests()).toBe(4);
    server.reset();
    server.setModels(kind, [{ id: 'm-1' }, { id: 'm-2' }]);
    server.script(kind, { cut: true });
    expect((await read()).models).toHaveLength(2);
  });

  test('a server that is gone is told after retries', async () => {
    const context = contextFor(server, kind, { baseUrl: 'http://127.0.0.1:1' });
    expect((await failureOf(adapter(context))).details).toEqual({ reason: 'unreachable' });
    expect(context.waits).toHaveLength(3);
  });

  test('the refusal of an address passes through', async () => {
    expect(await failure({ baseUrl: 'http://10.0.0.1/v1' })).toMatchObject({ code: 'EGRESS_REFUSED' });
  });

  test('a stop ends it at once, with the reason of the signal', async () => {
    server.always(kind, { hang: true });
    const stop = new AbortController();
    const result = read({ signal: stop.signal });
    const refused = expect(result).rejects.toThrow('enough');
    while (requests() === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort(new Error('enough'));
    await refused;
    await expect(read({ signal: stop.signal })).rejects.toThrow('enough');
    expect(requests()).toBe(1);
  });

  test('rows that cannot be used are skipped and named; the others stay', async () => {
    const long = `m-${'x'.repeat(300)}`;
    const bad = [
      7,
      null,
      { a: 1 },
      '',
      '  ',
      long,
      'a\u0000b',
      'a\u202Eb',
      'a\nb',
      'a\u00A0b',
      'a\uFFFDb',
      '\uD800',
    ];
    const good = ['org/sub/model:free', 'modèle-日本', 'a model', 'm'.repeat(300)];
    const ids = [...bad, ...good, ' org/sub/model:free '];
    // All on one page: these ids are no cursors.
    const whole = await startModelLists({ pageSize: 100 });
    whole.setModels(
      kind,
      ids.map((id) => ({ id })),
    );
    const { models, skipped } = await adapter(contextFor(whole, kind)).finally(() => whole.close());
    expect(models.map(({ modelKey }) => modelKey)).toEqual(good);
    expect(skipped).toHaveLength(bad.length + 1);
    expect(skipped.every(({ field, model }) => field === 'id' && model !== '' && model.length <= 81)).toBe(
      true,
    );
    expect(skipped.at(-1)).toMatchObject({
      model: 'org/sub/model:free',
      reason: expect.stringMatching(/more than once/),
    });
  });

  test('rows that are no objects are skipped', async () => {
    server.script(kind, { json: { data: [null, 1, 'x', []], models: [null, 1, 'x', []] } });
    const { models, skipped } = await read();
    expect(models).toEqual([]);
    expect(skipped.map(({ model }) => model)).toEqual(['row 1', 'row 2', 'row 3', 'row 4']);
  });

  test('after 429 it waits as long as Retry-After says', async () => {
    server.setModels(kind, [{ id: 'm-1' }]);
    server.script(kind, { status: 429, retryAfter: '7' }, { status: 503, retryAfter: '0' });
    const context = contextFor(server, kind);
    expect((await adapter(context)).models).toHaveLength(1);
    expect(context.waits).toEqual([7000, 0]);
  });

  test('every page is read, with the key in its header and nowhere else', async () => {
    server.setModels(
      kind,
      ['m-1', 'm-2', 'm-3', 'm-4', 'm-5'].map((id) => ({ id })),
    );
    const seen: unknown[] = [];
    const { models, skipped } = await read({ onPage: (page: unknown) => seen.push(page) });
    expect(models.map(({ modelKey }) => modelKey)).toEqual(['m-1', 'm-2', 'm-3', 'm-4', 'm-5']);
    expect(models.every(({ displayName, purpose }) => displayName !== '' && purpose === 'chat')).toBe(true);
    expect(skipped).toEqual([]);
    expect(seen).toEqual(
      paged.includes(kind)
        ? [
            { pages: 1, models: 2 },
            { pages: 2, models: 4 },
            { pages: 3, models: 5 },
          ]
        : [{ pages: 1, models: 5 }],
    );
    for (const { headers, url } of server.requests) {
      expect(headers[keyHeaders[kind] ?? 'authorization']).toContain(testKey);
      expect(url).not.toContain(testKey);
    }
  });

  test('a list without models is an empty list', async () => {
    expect(await read()).toEqual({ models: [], skipped: [] });
  });
});

describe.each(paged)('pages of %s', (kind) => {
  const failure = () => failureOf(adapters[kind](contextFor(server, kind)));

  test('a cursor that leads back is an error', async () => {
    server.setModels(kind, [{ id: 'm-1' }]);
    server.always(kind, { loop: true });
    expect((await failure()).details).toEqual({ reason: 'cursor_loops' });
    expect(server.requests).toHaveLength(2);
  });

  test('a later page that fails fails the whole', async () => {
    server.setModels(kind, [{ id: 'm-1' }, { id: 'm-2' }, { id: 'm-3' }]);
    server.script(kind, {}, { html: '<p>' });
    expect((await failure()).details).toEqual({ reason: 'not_json', status: 200 });
  });

  test('more to come without a cursor is an error', async () => {
    server.always(kind, { json: { data: [], has_more: true, last_id: null, models: [], nextPageToken: 7 } });
    expect((await failure()).details).toEqual({ reason: 'unexpected_shape', status: 200 });
  });
});
