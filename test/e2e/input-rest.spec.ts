import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { v7 as uuidv7 } from 'uuid';
import { startTestApp, type TestApp } from '../support/app';
import { Client, createSession, createTeam, say, signUp, type Answer } from '../support/client';
import { expectNoFault, expectRefusal, listFaults } from '../support/refusals';

interface Operation {
  method: string;
  path: string;
  parameters: { name: string; in: 'path' | 'query' | 'header' }[];
  /** Names of the fields of its body; absent where it takes none. */
  fields?: string[];
}

/** Values that fit hardly anywhere. */
const oddValues: unknown[] = [
  null,
  true,
  5,
  -1,
  1e99,
  0.1,
  '',
  'x',
  'a\0b',
  '\ud800',
  'x'.repeat(50_000),
  [],
  [[]],
  [null],
  {},
  { a: { b: 1 } },
  { toString: 1 },
];
const oddTexts = [
  '',
  '0',
  '-1',
  '9999',
  '1.5',
  'abc',
  '1e9',
  'null',
  '[]',
  '%00',
  '%E0%A4%A',
  '%ED%A0%80',
  "'%20or%201=1--",
  '%25',
  '..%2f..%2fetc',
  'x'.repeat(600),
  '%F0%9F%98%80',
];
const badCursors = [
  'x',
  '%00',
  '-',
  cursor(),
  cursor('x'),
  cursor(uuidv7(), uuidv7(), uuidv7(), uuidv7()),
  cursor('2020-99-99T99:99:99Z', uuidv7()),
  cursor('a\0b', uuidv7()),
  cursor('\ud800', uuidv7()),
  Buffer.from('{"a":1}').toString('base64url'),
  Buffer.from(`[null,"${uuidv7()}"]`).toString('base64url'),
  'x'.repeat(513),
];

describe('what comes in over REST', () => {
  let app: TestApp;
  /** Platform admin and owner of a team: refused for nothing but the input. */
  let admin: Client & { teamId: string };
  let operations: Operation[];
  let sessionId: string;
  let agentId: string;

  beforeAll(async () => {
    app = await startTestApp();
    admin = await createTeam(await signUp(app));
    sessionId = await createSession(admin);
    agentId = (await admin.post('/api/v1/agents', { name: 'Odd', instructions: 'Answer.' })).body.id;
    operations = readOperations((await admin.get('/docs/openapi.json')).body);
  });

  afterAll(() => app.close());

  /** A path whose ids are random, unless `values` gives them. */
  function pathOf({ path }: Operation, values: Record<string, string> = {}): string {
    return path.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? uuidv7());
  }

  async function send(
    method: string,
    path: string,
    body: string | undefined,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const response = await admin.fetch(path, {
      method,
      ...(body === undefined
        ? { headers }
        : { headers: { 'content-type': 'application/json', ...headers }, body }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parse(text) };
  }

  const withBody = () => operations.filter(({ fields }) => fields !== undefined);

  it('knows what the routes take', () => {
    expect(withBody().length).toBeGreaterThan(10);
    expect(
      operations.flatMap(({ parameters }) => parameters).filter((parameter) => parameter.in === 'query')
        .length,
    ).toBeGreaterThan(10);
  });

  describe('a body is refused', () => {
    it.each(['{"a"', '{', '[', '"x', '{"a":1}}', 'undefined', "{'a':1}", '{"a":NaN}', '\0', '\ufeff'])(
      'that is no JSON: %j',
      async (body) => {
        for (const operation of withBody()) {
          const error = expectRefusal(
            await send(operation.method, pathOf(operation), body),
            `${operation.method} ${operation.path}`,
          );
          expect(error.code).toBe('VALIDATION_FAILED');
          expect(error.message).toContain('JSON');
        }
      },
    );

    it.each(['[]', '"x"', '5', 'true', '[{"text":"x"}]', '[['.repeat(10) + ']]'.repeat(10)])(
      'that is no object: %j',
      async (body) => {
        for (const operation of withBody()) {
          const error = expectRefusal(
            await send(operation.method, pathOf(operation), body),
            `${operation.method} ${operation.path}`,
          );
          expect(error).toMatchObject({
            code: 'VALIDATION_FAILED',
            details: { fields: [{ field: '', problem: 'must be an object' }] },
          });
        }
      },
    );

    it.each([
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/xml',
      'nonsense',
      '',
    ])('that is sent as "%s", which a page of another origin could do', async (type) => {
      for (const operation of withBody()) {
        const what = `${operation.method} ${operation.path}`;
        const error = expectRefusal(
          await send(operation.method, pathOf(operation), '{"title":"x"}', { 'content-type': type }),
          what,
        );
        expect(error.code).toBe('VALIDATION_FAILED');
      }
      expect(
        expectRefusal(
          await send('POST', '/api/auth/sign-in/email', 'email=a&password=b', { 'content-type': type }),
          'sign-in',
        ).code,
      ).toBe('VALIDATION_FAILED');
    });

    it.each([
      'unknown',
      'id',
      'teamId',
      'toString',
      'hasOwnProperty',
      'valueOf',
      'constructor',
      'prototype',
      '__proto__',
      '__defineGetter__',
      '',
      'a\0b',
    ])('that has a field nobody asked for: "%s"', async (field) => {
      for (const operation of withBody().filter(({ fields }) => !fields?.includes(field))) {
        const body = `{${JSON.stringify(field)}:1}`;
        const what = `${operation.method} ${operation.path}`;
        expect(expectRefusal(await send(operation.method, pathOf(operation), body), what).code).toBe(
          'VALIDATION_FAILED',
        );
      }
    });

    it('that is missing, where something is needed', async () => {
      for (const [method, path] of [
        ['POST', 'providers'],
        ['POST', 'team-providers'],
        ['POST', 'models'],
        ['PUT', 'tokens/openai'],
        ['PUT', 'team-models/default'],
        ['PUT', 'team-models/order'],
        ['PUT', 'app-config/chat/me'],
        ['POST', 'agents'],
        ['POST', 'api-keys'],
        ['POST', `agents/${agentId}/rollback`],
        ['POST', `chat/sessions/${sessionId}/messages`],
        ['POST', 'chat/folders'],
        ['POST', 'chat'],
      ] as const) {
        for (const body of [undefined, '{}', 'null']) {
          const error = expectRefusal(
            await send(method, `/api/v1/${path}`, body),
            `${method} ${path} ${body}`,
          );
          expect(error).toMatchObject({ code: 'VALIDATION_FAILED', details: { fields: expect.any(Array) } });
        }
      }
    });

    it('that is too large, before it is read', async () => {
      const body = `{"title":"${'x'.repeat(3 * 1024 * 1024)}"}`;
      const error = expectRefusal(await send('POST', '/api/v1/chat/sessions', body), 'large');
      expect(error).toMatchObject({ code: 'VALIDATION_FAILED', message: 'The body is too large.' });
      expect(expectRefusal(await send('POST', '/api/auth/sign-up/email', body), 'large').message).toBe(
        'The body is too large.',
      );
    });

    it('that is nested deeper than anything needs to be', async () => {
      for (const depth of [50, 5_000, 100_000]) {
        const config = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
        const error = expectRefusal(
          await send('PUT', '/api/v1/app-config/aiStudio/me', `{"config":${config}}`),
          `depth ${depth}`,
        );
        expect(error.message).toContain('nested deeper');
        expectRefusal(
          await send(
            'PUT',
            '/api/v1/app-config/aiStudio/me',
            `{"config":{"a":${'['.repeat(depth)}${']'.repeat(depth)}}}`,
          ),
          'lists',
        );
      }
    });

    it('that would reach for a prototype, at any depth', async () => {
      for (const text of [
        '{"__proto__":{"polluted":1}}',
        '{"constructor":{"prototype":{"polluted":1}}}',
        '{"a":{"b":[{"__proto__":{"polluted":1}}]}}',
      ]) {
        expectRefusal(await send('PUT', '/api/v1/app-config/aiStudio/me', `{"config":${text}}`), text);
        expectRefusal(
          await send(
            'POST',
            `/api/v1/chat/sessions/${sessionId}/messages`,
            `{"message":{"role":"user","parts":[{"type":"text","text":"x"}],"metadata":${text}}}`,
          ),
          text,
        );
        expectRefusal(
          await send(
            'PATCH',
            '/api/v1/team-models/sandbox%2Fecho',
            `{"settings":{"providerOptions":${text}}}`,
          ),
          text,
        );
      }
      expect(({} as { polluted?: number }).polluted).toBeUndefined();
    });

    it('whose value does not fit the field, naming it', async () => {
      const cases: [string, string, object, string][] = [
        ['POST', 'chat/sessions', { title: 5 }, 'title'],
        ['POST', 'chat/sessions', { title: '' }, 'title'],
        ['POST', 'chat/sessions', { title: null }, 'title'],
        ['POST', 'chat/sessions', { title: 'x'.repeat(201) }, 'title'],
        ['POST', 'chat/sessions', { title: 'a\0b' }, 'title'],
        ['PATCH', `chat/sessions/${sessionId}`, { title: ['x'] }, 'title'],
        [
          'POST',
          `chat/sessions/${sessionId}/messages`,
          { text: 'x', message: { role: 'user', parts: [] } },
          '',
        ],
        ['POST', `chat/sessions/${sessionId}/messages`, { text: ' \n ' }, 'text'],
        ['POST', `chat/sessions/${sessionId}/messages`, { text: 'x'.repeat(200_001) }, 'text'],
        [
          'POST',
          `chat/sessions/${sessionId}/messages`,
          { message: { role: 'assistant', parts: [] } },
          'message.role',
        ],
        [
          'POST',
          `chat/sessions/${sessionId}/messages`,
          { message: { role: 'user', parts: 'x' } },
          'message.parts',
        ],
        [
          'POST',
          `chat/sessions/${sessionId}/messages`,
          { message: { role: 'user', parts: [{ type: 'file', mediaType: 'image/png', url: 'http://x' }] } },
          'message.parts.0.url',
        ],
        [
          'POST',
          `chat/sessions/${sessionId}/messages`,
          { message: { role: 'user', parts: [{ type: 'text', text: 5 }] } },
          'message.parts.0.text',
        ],
        [
          'POST',
          `chat/sessions/${sessionId}/messages`,
          { message: { role: 'user', parts: [{ type: 'text', text: 'a\0b' }] } },
          'message.parts.0.text',
        ],
        [
          'POST',
          `chat/sessions/${sessionId}/messages`,
          { message: { role: 'user', parts: [], bogus: 1 } },
          'message.bogus',
        ],
        ['POST', 'api-keys', { name: 'x', scopes: [['chat.use']] }, 'scopes'],
        ['POST', 'api-keys', { name: 'x', scopes: Array(500).fill('chat.fly') }, 'scopes'],
        ['POST', 'api-keys', { name: 'x', scopes: ['chat.use'], expiresAt: 5 }, 'expiresAt'],
        ['PATCH', 'team-models/sandbox%2Fecho', { enabled: 'true' }, 'enabled'],
        ['PATCH', 'team-models/sandbox%2Fecho', { settings: { temperature: -0.1 } }, 'settings.temperature'],
        ['PATCH', 'team-models/sandbox%2Fecho', { settings: { temperature: 2.1 } }, 'settings.temperature'],
        [
          'PATCH',
          'team-models/sandbox%2Fecho',
          { settings: { maxOutputTokens: 0 } },
          'settings.maxOutputTokens',
        ],
        ['PATCH', 'team-models/sandbox%2Fecho', { settings: { seed: 1.5 } }, 'settings.seed'],
        ['PATCH', 'team-models/sandbox%2Fecho', { settings: { bogus: 1 } }, 'settings.bogus'],
        ['PUT', 'team-models/order', { modelIds: 'sandbox/echo' }, 'modelIds'],
        ['PUT', 'team-models/order', { modelIds: [5] }, 'modelIds'],
        ['POST', 'agents', { name: 'x'.repeat(101), instructions: 'x' }, 'name'],
        ['POST', 'agents', { name: 'x', instructions: 5 }, 'instructions'],
        ['PATCH', `agents/${agentId}`, { version: 0 }, 'version'],
        ['PATCH', `agents/${agentId}`, { name: null }, 'name'],
        ['PATCH', `agents/${agentId}`, { settings: { temperature: 3 } }, 'settings.temperature'],
        ['PATCH', `agents/${agentId}`, { variables: [{ name: 'a' }] }, 'variables.0.default'],
        ['PATCH', `agents/${agentId}`, { variables: [null] }, 'variables.0'],
        ['POST', `agents/${agentId}/rollback`, { version: '1' }, 'version'],
        ['PUT', 'tokens/openai', { token: 'two words' }, 'token'],
        ['PUT', 'tokens/openai', { token: 'sk-ünïcode-0001' }, 'token'],
        ['PUT', 'tokens/openai', { token: 'x'.repeat(4_097) }, 'token'],
        ['PUT', 'tokens/sandbox', { token: 'sk-0000000001' }, 'providerId'],
        ['POST', 'providers', { id: 'Has Space', kind: 'openai', displayName: 'x' }, 'id'],
        ['POST', 'providers', { id: 'x', kind: 'nonsense', displayName: 'x' }, 'kind'],
        ['POST', 'providers', { id: 'x', kind: 'openai-compatible', displayName: 'x' }, 'baseUrl'],
        ['PATCH', 'providers/groq', { status: 'gone' }, 'status'],
        [
          'POST',
          'models',
          { providerId: 'openai', modelKey: 'x', displayName: 'x', contextWindow: -1 },
          'contextWindow',
        ],
        [
          'POST',
          'models',
          { providerId: 'openai', modelKey: 'x', displayName: 'x', capabilities: { tools: 1 } },
          'capabilities.tools',
        ],
        [
          'POST',
          'team-providers',
          { displayName: 'x', baseUrl: 'http://127.0.0.1:9', models: [{ modelKey: 'a' }] },
          'models.0.displayName',
        ],
      ];
      for (const [method, path, body, field] of cases) {
        const what = `${method} ${path} ${JSON.stringify(body).slice(0, 80)}`;
        const error = expectRefusal(await send(method, `/api/v1/${path}`, JSON.stringify(body)), what);
        const fields = (error.details as { fields?: { field: string }[] } | undefined)?.fields?.map(
          (problem) => problem.field,
        );
        expect(`${what} ${error.code} ${fields?.[0]}`).toBe(`${what} VALIDATION_FAILED ${field}`);
        expect(error.message).toContain(field);
      }
    });

    it('whatever stands in any of its fields, and never by our fault', async () => {
      for (const operation of withBody()) {
        for (const field of operation.fields ?? []) {
          for (const value of oddValues) {
            const answer = await send(
              operation.method,
              pathOf(operation),
              JSON.stringify({ [field]: value }),
            );
            expectNoFault(
              answer,
              `${operation.method} ${operation.path} ${field} ${JSON.stringify(value).slice(0, 40)}`,
            );
          }
        }
      }
      expect(listFaults(app)).toEqual([]);
    });
  });

  describe('a query is refused', () => {
    it.each(['0', '-1', '201', '9999', 'abc', '', '1.5', '1e1', '%20', '١', '1&limit=2'])(
      'with limit=%s',
      async (limit) => {
        for (const path of [
          'chat/sessions',
          `chat/sessions/${sessionId}/messages`,
          'models',
          'team-models',
          'agents',
          `agents/${agentId}/versions`,
          'executions',
        ]) {
          const error = expectRefusal(await admin.get(`/api/v1/${path}?limit=${limit}`), `${path} ${limit}`);
          expect(error).toMatchObject({
            code: 'VALIDATION_FAILED',
            details: { fields: expect.arrayContaining([expect.objectContaining({ field: 'limit' })]) },
          });
        }
      },
    );

    it.each(badCursors)('with a cursor that no list answered: %s', async (text) => {
      for (const path of [
        'chat/sessions',
        `chat/sessions/${sessionId}/messages`,
        'models',
        'team-models',
        'agents',
        `agents/${agentId}/versions`,
        'executions',
      ]) {
        const answer = await admin.get(
          `/api/v1/${path}?cursor=${encodeURIComponent(decodeURIComponent(text))}`,
        );
        // Some lists are by a text that may be any.
        if (answer.status === 200) expect(text).toBe(cursor('2020-99-99T99:99:99Z', uuidOf(text)));
        else expect(expectRefusal(answer, `${path} ${text}`).code).toBe('VALIDATION_FAILED');
      }
    });

    it.each([
      'bogus=1',
      'teamId=x',
      'toString=1',
      'constructor=1',
      '__proto__=1',
      '__proto__[a]=1',
      'limit[]=1',
      'a%00b=1',
    ])('with a parameter nobody asked for: %s', async (query) => {
      for (const path of [
        'chat/sessions',
        'models',
        'team-models',
        'agents',
        'executions',
        'prompts/preview',
      ]) {
        expect(expectRefusal(await admin.get(`/api/v1/${path}?${query}`), `${path} ${query}`).code).toBe(
          'VALIDATION_FAILED',
        );
      }
    });

    it.each([
      'yesterday',
      '2020-13-01',
      '2020-02-30',
      '2020-01-01T25:00:00Z',
      '2020-01-01T00:00:00%2B99:99',
      '1577836800',
      '%00',
    ])('with a time that is none: %s', async (time) => {
      for (const name of ['from', 'to']) {
        const error = expectRefusal(await admin.get(`/api/v1/executions?${name}=${time}`), time);
        expect((error.details as { fields: { field: string }[] }).fields[0]?.field).toBe(name);
      }
    });

    it('whatever any of its parameters is, and never by our fault', async () => {
      for (const operation of operations) {
        for (const { name } of operation.parameters.filter((parameter) => parameter.in === 'query')) {
          for (const text of oddTexts) {
            for (const query of [`${name}=${text}`, `${name}=${text}&${name}=${text}`, `${name}[]=${text}`]) {
              expectNoFault(
                await send(operation.method, `${pathOf(operation)}?${query}`, undefined),
                `${operation.path}?${query}`,
              );
            }
          }
        }
      }
      expect(listFaults(app)).toEqual([]);
    });
  });

  describe('an address is refused', () => {
    it.each([
      'nonsense',
      '01A2058D-9C42-75A8-9B5D-AA103CD1338D',
      '{01a2058d-9c42-75a8-9b5d-aa103cd1338d}',
      '01a2058d9c4275a89b5daa103cd1338d',
      '%00',
      "'%20or%20true",
      '1',
      'x'.repeat(3_000),
    ])('whose id is no UUID: %s', async (id) => {
      for (const operation of operations.filter(({ path }) => path.includes('{sessionId}'))) {
        const error = expectRefusal(
          await send(operation.method, pathOf(operation, { sessionId: id }), operation.fields && '{}'),
          `${operation.path} ${id}`,
        );
        expect(error).toMatchObject({
          code: 'VALIDATION_FAILED',
          details: { fields: [{ field: 'sessionId' }] },
        });
      }
    });

    it('whatever any of its parts is, and never by our fault', async () => {
      // A chat of any id may be about to begin: that nothing runs in it is no refusal.
      const isOpen = ({ path }: { path: string }) => path === '/api/v1/chat/{chatId}/stream';
      for (const operation of operations.filter((one) => !isOpen(one))) {
        for (const { name } of operation.parameters.filter((parameter) => parameter.in === 'path')) {
          for (const text of oddTexts.filter(Boolean)) {
            const path = pathOf(operation, { [name]: text });
            expectRefusal(
              await send(operation.method, path, operation.fields && '{}'),
              `${operation.method} ${path}`,
            );
          }
        }
      }
      expect(listFaults(app)).toEqual([]);
    });

    it.each([
      '/nothing',
      '/api/v1',
      '/api/v1/nothing',
      '/api/v2/models',
      '/api/v1/models/a/b',
      '/trpc',
      '//api/v1/models',
      '/docs/nothing',
      '/docs/..%2fpackage.json',
      '/metrics/x',
      '/.env',
      '/api/auth/nothing',
    ])('where nothing is: %s', async (path) => {
      const answer = await raw('GET', path);
      expect(answer.status).toBe(404);
      expect(expectRefusal(answer, path).code).toBe('NOT_FOUND');
    });

    it.each(['PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'])(
      'that does not take the method %s',
      async (method) => {
        expectRefusal(await raw(method, '/api/v1/models'), method);
      },
    );

    it.each([
      '/%',
      '/%E0%A4%A',
      '/api/v1/models/%',
      '/api/v1/chat/sessions/%E0%A4%A',
      '/api/auth/%E0%A4%A',
      '/trpc/%E0%A4%A',
      '/docs/%E0%A4%A',
    ])('whose percent-encoding is broken: %s', async (path) => {
      const answer = await raw('GET', path);
      expect(answer.status).toBe(400);
      expect(expectRefusal(answer, path)).toMatchObject({
        code: 'VALIDATION_FAILED',
        message: expect.stringContaining('address'),
      });
    });

    it.each([600, 8_000, 20_000, 100_000])('that has %i characters', async (length) => {
      for (const path of [
        `/${'x'.repeat(length)}`,
        `/api/v1/models/${'x'.repeat(length)}`,
        `/api/v1/models?q=${'x'.repeat(length)}`,
      ]) {
        expectRefusal(await raw('GET', path), `${length}`);
      }
    });

    it('that is no HTTP at all', async () => {
      for (const text of [
        'nonsense\r\n\r\n',
        'GET / HTTP/9.9\r\n\r\n',
        'GET /x HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n',
        'POST /api/v1/models HTTP/1.1\r\nhost: x\r\ncontent-length: abc\r\n\r\n',
      ]) {
        const answer = await speak(text);
        expect(answer).toMatch(/^HTTP\/1\.1 400 /);
        expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)).error).toMatchObject({
          code: 'VALIDATION_FAILED',
          requestId: expect.any(String),
        });
      }
    });
  });

  describe('accounts and teams', () => {
    it.each([
      ['organization/set-active', { organizationId: 'nonsense' }],
      ['organization/accept-invitation', { invitationId: 'nonsense' }],
      ['organization/cancel-invitation', { invitationId: 'nonsense' }],
      ['organization/update', { organizationId: 'nonsense', data: { name: 'x' } }],
      ['organization/delete', { organizationId: 'nonsense' }],
      ['organization/remove-member', { organizationId: 'nonsense', memberIdOrEmail: 'nonsense' }],
      [
        'organization/update-member-role',
        { organizationId: 'nonsense', memberId: 'nonsense', role: 'member' },
      ],
      ['organization/invite-member', { organizationId: 'nonsense', email: 'a@example.com', role: 'member' }],
      ['sign-up/email', { name: 'a\0b', email: 'a@example.com', password: 'correct horse battery' }],
      ['sign-up/email', { name: { a: 1 }, email: 'a@example.com', password: 'correct horse battery' }],
      ['organization/create', { name: 'a\0b', slug: 'a-b' }],
      ['sign-up/email', { name: { a: 1 }, email: 'a@example.com', password: 'correct horse battery' }],
      ['update-user', { name: 'a\0b' }],
      ['revoke-session', { token: 'a\0b' }],
    ])('are refused what cannot be stored, by a code of ours: %s %j', async (route, body) => {
      const answer = await admin.post(`/api/auth/${route}`, body);
      expect(expectRefusal(answer, route).code).toBe('VALIDATION_FAILED');
    });

    it.each([
      ['a line break', 'A\nB'],
      ['a line separator', 'A\u2028B'],
      ['a control character', 'A\u001b[31mB'],
      ['an override of direction', 'A\u202eB'],
      ['characters of tags', 'A\u{e0041}B'],
    ])('are refused names that do not say what they show: %s', async (_what, name) => {
      const organizationId = admin.teamId;
      const answers = [
        await admin.post('/api/auth/sign-up/email', {
          name,
          email: 'b@example.com',
          password: 'x'.repeat(20),
        }),
        await admin.post('/api/auth/update-user', { name }),
        await admin.post('/api/auth/organization/create', { name, slug: 'a-b' }),
        await admin.post('/api/auth/organization/create', { name: 'A', slug: name }),
        await admin.post('/api/auth/organization/update', { organizationId, data: { name } }),
        await admin.post('/api/auth/organization/update', { organizationId, data: { slug: name } }),
      ];
      for (const { status, body } of answers)
        expect([status, body.code, body.message]).toEqual([
          400,
          'VALIDATION_FAILED',
          expect.stringMatching(/^(name|slug) (must be one line|has the character)/),
        ]);
    });

    it('may have names in every script, with the marks that these need', async () => {
      for (const name of ['Zoë 王小明', 'نازنین\u200cزهرا', '👩\u200d💻 Ada', '\u200fדנה'])
        expect((await admin.post('/api/auth/update-user', { name })).status).toBe(200);
    });

    it.each([
      ['sign-up/email', {}],
      ['sign-up/email', { name: 'x', email: 'no address', password: 'correct horse battery' }],
      ['sign-up/email', { name: 'x', email: 'a@example.com', password: 'short' }],
      ['sign-in/email', { email: 'a@example.com', password: 5 }],
      ['organization/create', { name: '', slug: '' }],
    ])('are refused what does not fit: %s %j', async (route, body) => {
      const answer = await admin.post(`/api/auth/${route}`, body);
      expect([400, 422]).toContain(answer.status);
      expect(answer.body.code).toMatch(/^[A-Z_]+$/);
    });
  });

  it('a model that says what cannot be stored is answered and kept, and its conversation goes on', async () => {
    for (const said of ['a\\u0000b', 'a\\ud800b']) {
      const session = await createSession(admin);
      const answer = await say(admin, session, { text: `/sandbox answer="${said}"` });
      expect(answer.status).toBe(200);
      const { body } = await admin.get(`/api/v1/chat/sessions/${session}/messages`);
      expect(body.items[1]).toMatchObject({
        status: 'complete',
        parts: [{ type: 'text', text: 'a\ufffdb' }],
      });
      expect((await say(admin, session, { text: 'And on?' })).status).toBe(200);
    }
  });

  describe('a request id', () => {
    it.each(['abcdefgh', 'A_b-9'.repeat(12), uuidv7()])(
      'of the caller is kept beside ours, and never stands in its place: %s',
      async (id) => {
        const headers = { 'x-request-id': id };
        const [found, missing, trpc] = [
          await send('GET', '/api/v1/models', undefined, headers),
          await send('GET', '/api/v1/nothing', undefined, headers),
          await send('GET', '/trpc/aiModels.nothing', undefined, headers),
        ];
        for (const { headers: answered } of [found, missing, trpc])
          expect(answered.get('x-request-id')).not.toBe(id);
        expect(missing.body.error.requestId).toBe(missing.headers.get('x-request-id'));
        expect(trpc.body.error.data.error.requestId).toBe(trpc.headers.get('x-request-id'));
        const ours = found.headers.get('x-request-id');
        expect(
          app.logs.filter((line) => line.includes(`"requestId":"${ours}","clientRequestId":"${id}"`)),
        ).toHaveLength(1);
      },
    );

    it.each([
      'short',
      'x'.repeat(65),
      'has space in',
      '<script>alert(1)</script>',
      '"},{"level":"fatal',
      'ümläut-ümläut',
    ])('of the caller that could do harm is kept nowhere: %s', async (id) => {
      const answer = await send('GET', '/api/v1/nothing', undefined, {
        'x-request-id': Buffer.from(id).toString('latin1'),
      });
      expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
      expectRefusal(answer, id);
    });

    it('is another one for each call', async () => {
      const ids = await Promise.all(
        [1, 2, 3].map(async () => (await admin.get('/health/live')).headers.get('x-request-id')),
      );
      expect(new Set(ids).size).toBe(3);
    });
  });

  it('has caused no fault of ours', () => {
    expect(listFaults(app)).toEqual([]);
  });

  /** Sends the path as it is: `fetch` would tidy it up. */
  function raw(method: string, path: string): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const { hostname, port } = new URL(app.url);
      const sent = httpRequest({ hostname, port, method, path, headers: admin.headers() }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.on('end', () => {
          const headers = new Headers(
            Object.entries(response.headers).map(([name, value]): [string, string] => [name, String(value)]),
          );
          resolve({ status: response.statusCode ?? 0, headers, text, body: parse(text) });
        });
      });
      sent.on('error', reject).end();
    });
  }

  function speak(text: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let heard = '';
      const { hostname, port } = new URL(app.url);
      const socket = connect(Number(port), hostname, () => socket.write(text));
      socket.setEncoding('utf8').on('data', (chunk: string) => (heard += chunk));
      socket.on('end', () => resolve(heard)).on('error', reject);
    });
  }
});

interface Document {
  paths: Record<
    string,
    Record<
      string,
      {
        parameters?: Operation['parameters'];
        requestBody?: { content: Record<string, { schema: { $ref: string } }> };
      }
    >
  >;
  components: { schemas: Record<string, { properties?: object }> };
}

function readOperations({ paths, components }: Document): Operation[] {
  return Object.entries(paths)
    .filter(([path]) => path.startsWith('/api/'))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { parameters = [], requestBody }]) => {
        const schema = requestBody?.content['application/json']?.schema.$ref.split('/').at(-1);
        const fields = schema && Object.keys(components.schemas[schema]?.properties ?? {});
        return { method: method.toUpperCase(), path, parameters, ...(fields ? { fields } : {}) };
      }),
    );
}

function cursor(...parts: string[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

function uuidOf(text: string): string {
  return JSON.parse(Buffer.from(text, 'base64url').toString())[1];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
