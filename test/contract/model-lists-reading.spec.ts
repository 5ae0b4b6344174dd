import { startModelLists, type ModelListServer } from '../support/wire/model-lists';
import { closeGuard, contextFor, failureOf } from '../support/model-lists';
import { readJson } from '../../src/ai-studio/model-sync/adapters/read-list';
import { readPages } from '../../src/ai-studio/model-sync/adapters/read-pages';

let server: ModelListServer;
beforeAll(async () => {
  server = await startModelLists();
});
beforeEach(() => server.reset());
afterAll(async () => {
  await server.close();
  await closeGuard();
});

const read = (limits = {}, context = contextFor(server, 'openrouter')) =>
  readJson(context, '/models', {}, limits);
const failure = async (limits = {}, context = contextFor(server, 'openrouter')) =>
  failureOf(read(limits, context));

describe('size and time', () => {
  test('a body of 50 MB is given up after 20', async () => {
    server.always('openrouter', { megabytes: 50 });
    expect((await failure()).details).toEqual({ reason: 'response_too_large', status: 200 });
    expect(server.requests).toHaveLength(1);
  });

  test('a body that never ends is given up', async () => {
    server.always('openrouter', { megabytes: Infinity });
    const { details } = await failure({ maxBytes: 3_000_000 });
    expect(details).toEqual({ reason: 'response_too_large', status: 200 });
  });

  test('a body up to the limit is read', async () => {
    server.always('openrouter', { megabytes: 19 });
    expect(await read()).toEqual({ object: 'list', data: [] });
  });

  test('no answer in time is tried again and told', async () => {
    server.always('openrouter', { hang: true });
    expect((await failure({ timeoutMs: 1_000 })).details).toEqual({ reason: 'timed_out' });
    expect(server.requests).toHaveLength(4);
  });
});

describe('Retry-After', () => {
  test('more than a minute is not waited; the error says until when', async () => {
    server.always('openrouter', { status: 429, retryAfter: '90' });
    const error = await failure();
    expect(error.retryAfterSeconds).toBe(90);
    expect(error.details).toMatchObject({ reason: 'too_many_requests', status: 429 });
    expect(error.message).toMatch(/wait for 90 seconds\. Try again after \d{4}-\d\d-\d\dT/);
    expect(server.requests).toHaveLength(1);
  });

  test('a wait beyond all dates is cut to a year', async () => {
    server.always('openrouter', { status: 503, retryAfter: '99999999999999999999' });
    const error = await failure();
    expect(error.retryAfterSeconds).toBe(365 * 24 * 3600);
    expect(error.details).toMatchObject({ reason: 'provider_error' });
  });

  test('a date is waited for', async () => {
    server.script('openrouter', { status: 429, retryAfter: new Date(Date.now() + 30_000).toUTCString() });
    const context = contextFor(server, 'openrouter');
    await read({}, context);
    expect(context.waits[0]).toBeGreaterThan(25_000);
    expect(context.waits[0]).toBeLessThanOrEqual(30_000);
  });

  test('a date that is past is now', async () => {
    server.script('openrouter', { status: 429, retryAfter: 'Wed, 21 Oct 2015 07:28:00 GMT' });
    const context = contextFor(server, 'openrouter');
    await read({}, context);
    expect(context.waits).toEqual([0]);
  });

  test.each(['soon', '-5', '', 'NaN'])(
    'what is neither seconds nor a date (%p) is ignored',
    async (retryAfter) => {
      server.script('openrouter', { status: 429, retryAfter });
      const context = contextFor(server, 'openrouter');
      await read({}, context);
      expect(context.waits[0]).toBeGreaterThanOrEqual(250);
      expect(context.waits[0]).toBeLessThanOrEqual(500);
    },
  );

  test('a stop ends the wait', async () => {
    server.always('openrouter', { status: 429, retryAfter: '30' });
    const stop = new AbortController();
    const context = contextFor(server, 'openrouter', { signal: stop.signal, sleep: undefined });
    const result = read({}, context);
    setTimeout(() => stop.abort(new Error('enough')), 50);
    await expect(result).rejects.toThrow('enough');
  });
});

test('a 400 that blames the key says so, without its words', async () => {
  server.always('openrouter', { status: 400, json: { error: 'Incorrect API key provided: sk-***' } });
  const error = await failure();
  expect(error.details).toEqual({ reason: 'key_rejected', status: 400 });
  expect(error.message).not.toContain('sk-');
});

describe('pages', () => {
  const context = () => contextFor(server, 'openrouter');

  test('more than 200 are an error', async () => {
    let count = 0;
    const error = await failureOf(readPages(context(), async () => ({ rows: [], next: String(count++) })));
    expect(error.details).toEqual({ reason: 'too_many_pages' });
    expect(count).toBe(200);
  });

  test('more than 50,000 models are an error', async () => {
    const rows = Array.from({ length: 20_000 }, () => ({}));
    let count = 0;
    const error = await failureOf(readPages(context(), async () => ({ rows, next: String(count++) })));
    expect(error.details).toEqual({ reason: 'too_many_models' });
    expect(count).toBe(3);
  });

  test('10,000 models are read', async () => {
    const rows = Array.from({ length: 10_000 }, (_, index) => index);
    expect(await readPages(context(), async () => ({ rows }))).toEqual(rows);
  });
});
