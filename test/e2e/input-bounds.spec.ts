import { request as httpRequest } from 'node:http';
import { startTestApp, type TestApp } from '../support/app';
import { Client, createTeam, signUp } from '../support/client';
import { expectRefusal, listFaults } from '../support/refusals';

interface Schema {
  $ref?: string;
  type?: string;
  format?: string;
  pattern?: string;
  enum?: unknown[];
  maxLength?: number;
  maxItems?: number;
  maximum?: number;
  properties?: Record<string, Schema>;
  items?: Schema;
  allOf?: Schema[];
}

interface Operation {
  parameters?: { name: string; in: string; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

/* Starting an application takes its time on a busy machine. */
jest.setTimeout(120_000);

describe('the bounds of what comes in', () => {
  let app: TestApp;
  let admin: Client & { teamId: string };
  let document: {
    paths: Record<string, Record<string, Operation>>;
    components: { schemas: Record<string, Schema> };
  };

  beforeAll(async () => {
    app = await startTestApp();
    admin = await createTeam(await signUp(app));
    document = (await admin.get('/docs/openapi.json')).body;
  });

  afterAll(async () => {
    await app.close();
    expect(listFaults(app)).toEqual([]);
  });

  it('are told for every text, list and number that a client may send', () => {
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]): [string, Operation] => [
        `${method} ${path}`,
        operation,
      ]),
    );
    const unbounded = operations.flatMap(([route, { parameters = [], requestBody }]) => [
      ...parameters
        .filter((parameter) => parameter.in !== 'path') // bounded with the address
        .flatMap(({ name, schema }) => findUnbounded(schema, `${route} ${name}`)),
      ...Object.values(requestBody?.content ?? {}).flatMap(({ schema }) => findUnbounded(schema, route)),
    ]);
    expect(unbounded).toEqual([]);
    expect(operations.length).toBeGreaterThan(35);
  });

  function findUnbounded(schema: Schema, where: string): string[] {
    if (schema.$ref)
      return findUnbounded(document.components.schemas[schema.$ref.split('/').at(-1)!]!, where);
    const { type, format, enum: values, maxLength, maxItems, maximum, items } = schema;
    const isOpen =
      (type === 'string' &&
        maxLength === undefined &&
        !values &&
        !['uuid', 'date-time'].includes(format ?? '')) ||
      (type === 'array' && maxItems === undefined) ||
      (['integer', 'number'].includes(type ?? '') && maximum === undefined);
    return [
      ...(isOpen ? [where] : []),
      ...(schema.allOf ?? []).flatMap((part) => findUnbounded(part, where)),
      ...(items ? findUnbounded(items, `${where}[]`) : []),
      ...Object.entries(schema.properties ?? {}).flatMap(([name, part]) =>
        findUnbounded(part, `${where}.${name}`),
      ),
    ];
  }

  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

  it.each([65, 100_000, 1_000_000])('refuse JSON of %s levels, whoever parses it', async (depth) => {
    const send = (path: string, body: string) =>
      new Client(app.url).fetch(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
    for (const [path, body] of [
      ['/api/v1/chat/sessions', nested(depth)],
      ['/api/auth/sign-in/email', `{"email":${nested(depth)}}`],
      ['/trpc/chat.createSession', `{"title":${nested(depth)}}`],
      ['/trpc/chat.createSession,chat.createSession?batch=1', `{"0":{},"1":${nested(depth)}}`],
    ] as const) {
      const response = await send(path, body);
      const isTooLarge = path.startsWith('/api/auth/') && body.length > 256 * 1024;
      expect({ path, status: response.status, text: await response.text() }).toEqual({
        path,
        status: 400,
        text: expect.stringContaining(isTooLarge ? 'The body is too large' : 'nested deeper than 64 levels'),
      });
    }
    if (depth > 1_000) return;
    const answer = await admin.get(`/trpc/aiModels.find?input=${encodeURIComponent(nested(depth))}`);
    expect(expectRefusal(answer, 'input').message).toContain('nested deeper than 64 levels');
  });

  it('do not take brackets in a text for levels', async () => {
    const title = `\\"${'[{'.repeat(40)}`;
    const answer = await admin.fetch('/api/v1/chat/sessions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"title":"${title}"}`,
    });
    expect(answer.status).toBe(201);
  });

  it.each([
    '{"__proto__":{"x":1}}',
    '{"\\u005f_proto__":{"x":1}}',
    '{"constructor":{"prototype":{"x":1}}}',
    '{"title":"x","a":[{"__proto__":1}]}',
  ])('refuse a body that would reach for a prototype, whoever parses it: %s', async (body) => {
    for (const path of ['/api/v1/chat/sessions', '/api/auth/sign-in/email', '/trpc/chat.createSession']) {
      const response = await admin.fetch(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      expect({ path, status: response.status }).toEqual({ path, status: 400 });
      await response.text();
    }
    expect((await admin.get(`/trpc/aiModels.find?input=${encodeURIComponent(body)}`)).status).toBe(400);
  });

  it.each(['__proto__=x', '__proto__[x]=1', 'constructor[prototype]=1', 'limit=1&__proto__=1'])(
    'refuse a query that would: %s',
    async (query) => {
      expect((await admin.get(`/api/v1/models?${query}`)).status).toBe(400);
      expect(({} as { x?: unknown }).x).toBeUndefined();
    },
  );

  it('refuse more than 50 calls in one batch, in the form that its client reads', async () => {
    const batch = (calls: number) =>
      admin.get(`/trpc/${Array.from({ length: calls }, () => 'aiModels.find').join('%2C')}?batch=1&input={}`);
    expect((await batch(50)).status).toBe(200);
    expect(expectRefusal(await batch(51), 'batch').message).toContain('at most 50');
    expect((await batch(51)).body[0].error.data.code).toBe('BAD_REQUEST');
  });

  it('refuse more than 100 headers, instead of leaving some out, and headers or addresses of more than 16 KiB', async () => {
    const many = Object.fromEntries(Array.from({ length: 110 }, (_, index) => [`x-header-${index}`, 'x']));
    const answer = await admin.fetch('/api/v1/models', { headers: many });
    expect(answer.status).toBe(400);
    expect(await answer.text()).toContain('more than 100 headers');
    for (const [path, headers] of [
      ['/health/live', { 'x-long': 'x'.repeat(20_000) }],
      [`/health/live?q=${'x'.repeat(20_000)}`, {}],
    ] as const)
      expect(await statusOf(path, headers)).toBe(431);
  });

  function statusOf(path: string, headers: Record<string, string>): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      httpRequest(`${app.url}${path}`, { headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
  }
});
