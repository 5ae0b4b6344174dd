import type { WireKind } from './index';
import { closeAll, get, kinds, post, start } from './spec-http';

afterEach(closeAll);

describe('refusals', () => {
  it.each<[WireKind, object]>([
    ['openai', { error: { type: 'invalid_request_error', param: null, code: null } }],
    ['anthropic', { type: 'error', error: { type: 'authentication_error' } }],
    ['google', { error: { code: 401, status: 'UNAUTHENTICATED' } }],
  ])('%s refuses a request without its header, and records it', async (kind, body) => {
    const server = await start(kind);
    const response = await fetch(`${server.baseUrl}/models`);
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject(body);
    expect(server.requests).toMatchObject([{ method: 'GET', body: undefined, rawBody: '' }]);
  });

  it('openai refuses the header of another provider', async () => {
    const { baseUrl } = await start('openai');
    expect((await fetch(`${baseUrl}/models`, { headers: { 'x-api-key': 'k' } })).status).toBe(401);
  });

  it('anthropic refuses a request without its version', async () => {
    const { baseUrl } = await start('anthropic');
    const response = await fetch(`${baseUrl}/models`, { headers: { 'x-api-key': 'k' } });
    expect(response.status).toBe(400);
  });

  it('openai masks a wrong key and shows its ends', async () => {
    const { baseUrl } = await start('openai', 'another');
    const headers = { authorization: 'Bearer sk-proj-abcdefghijklmnop' };
    const text = await (await fetch(`${baseUrl}/models`, { headers })).text();
    expect(text).toContain('sk-proj-************mnop');
    expect(text).not.toContain('abcdefghijkl');
  });

  it('google tells a wrong key from other bad requests by the reason', async () => {
    const server = await start('google', 'another');
    expect(await get(server, '/models')).toMatchObject({
      error: { code: 400, status: 'INVALID_ARGUMENT', details: [{ reason: 'API_KEY_INVALID' }, {}] },
    });
  });

  it.each<[WireKind, string, object, string]>([
    ['openai', '/chat/completions', { model: 'm' }, 'messages'],
    ['openai', '/responses', { model: 'm' }, 'input'],
    ['anthropic', '/messages', { model: 'm', messages: [] }, 'max_tokens'],
    ['google', '/models/m:generateContent', {}, 'contents'],
  ])('%s %s refuses a body without what it requires, and keeps the queue', async (kind, path, body, name) => {
    const server = await start(kind);
    server.next({ fail: { status: 418 } });
    const response = await post(server, path, body);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(name);
  });

  it.each(kinds)('%s knows no other paths', async (kind) => {
    expect((await post(await start(kind), '/nowhere', {})).status).toBe(404);
  });
});

describe('listing models', () => {
  it('openai lists all at once', async () => {
    const server = await start('openai');
    server.models = ['a', 'b'];
    expect(await get(server, '/models')).toMatchObject({
      object: 'list',
      data: [{ id: 'a', object: 'model' }, { id: 'b' }],
    });
  });

  it('anthropic lists in pages of its own making', async () => {
    const server = await start('anthropic');
    server.models = ['a', 'b', 'c'];
    const first = {
      data: [{ id: 'a', type: 'model' }, { id: 'b' }],
      has_more: true,
      first_id: 'a',
      last_id: 'b',
    };
    expect(await get(server, '/models?limit=2')).toMatchObject(first);
    const last = { data: [{ id: 'c' }], has_more: false, last_id: 'c' };
    expect(await get(server, '/models?limit=2&after_id=b')).toMatchObject(last);
    const before = { data: [{ id: 'b' }], has_more: true, first_id: 'b' };
    expect(await get(server, '/models?limit=1&before_id=c')).toMatchObject(before);
  });

  it('google lists in pages with a token', async () => {
    const server = await start('google');
    server.models = ['a', 'b', 'c'];
    expect(await get(server, '/models?pageSize=2')).toMatchObject({
      models: [
        { name: 'models/a', supportedGenerationMethods: expect.arrayContaining(['generateContent']) },
        {},
      ],
      nextPageToken: '2',
    });
    const last = await get(server, '/models?pageSize=2&pageToken=2');
    expect(last).toMatchObject({ models: [{ name: 'models/c' }] });
    expect(last).not.toHaveProperty('nextPageToken');
  });

  it.each(kinds)('%s takes no behaviour from the queue for it', async (kind) => {
    const server = await start(kind);
    server.next({ fail: { status: 500 } });
    expect(await get(server, '/models')).not.toHaveProperty('error');
  });
});
