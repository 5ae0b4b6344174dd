import { TRPCClientError } from '@trpc/client';
import { v7 as uuidv7 } from 'uuid';
import { startTestApp, type TestApp } from '../support/app';
import { createSession, createTeam, signUp, type Answer, type Client } from '../support/client';
import { expectNoFault, expectRefusal, listFaults } from '../support/refusals';
import { listProcedures, trpcOf } from '../support/trpc';

const encode = (input: unknown) => encodeURIComponent(JSON.stringify(input));
const oddInputs: unknown[] = [
  null,
  true,
  5,
  -1,
  '',
  'x',
  [],
  [[]],
  {},
  { bogus: 1 },
  { toString: 1 },
  { sessionId: 5 },
  { sessionId: 'x' },
  { agentId: 5 },
  { agentId: uuidv7(), version: -1 },
  { name: 'x', instructions: '{{', variables: [null] },
  { name: 'x', scopes: [{}] },
  { keyId: 5 },
  { modelId: 'a\0b' },
  { providerId: '\ud800' },
  { limit: -1 },
  { cursor: 'x' },
  { appId: {} },
  { appId: 'chat', config: [] },
];

describe('what comes in over tRPC', () => {
  let app: TestApp;
  let admin: Client & { teamId: string };

  beforeAll(async () => {
    app = await startTestApp();
    admin = await createTeam(await signUp(app));
  });

  afterAll(() => app.close());

  async function send(
    method: string,
    path: string,
    body?: string,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const response = await admin.fetch(`/trpc/${path}`, {
      method,
      ...(body === undefined
        ? { headers }
        : { headers: { 'content-type': 'application/json', ...headers }, body }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parse(text) };
  }

  it.each([
    'nothing',
    'aiModels',
    'aiModels.nothing',
    'aiModels.find.more',
    '',
    '.',
    '__proto__',
    'constructor',
    'toString',
    'aiModels.__proto__',
    'aiModels.toString',
    '%00',
    'x'.repeat(4_000),
  ])('a procedure that is none is not found: "%s"', async (name) => {
    const answers = [await send('GET', name), await send('POST', name, '{}')];
    for (const answer of answers) {
      expect(answer.status).toBe(404);
      expect(expectRefusal(answer, name).code).toBe('NOT_FOUND');
    }
  });

  it.each([
    ['POST', 'aiModels.find', '{}'],
    ['PUT', 'aiModels.find', '{}'],
    ['PATCH', 'chat.createSession', '{}'],
    ['DELETE', 'chat.createSession', '{}'],
    ['GET', 'chat.createSession', undefined],
    ['DELETE', 'chat.createSession', undefined],
    ['OPTIONS', 'aiModels.find', undefined],
  ])('a method that does not fit is refused: %s %s', async (method, name, body) => {
    expect(expectRefusal(await send(method, name, body), name).code).toBe('VALIDATION_FAILED');
  });

  it('a subscription is not begun by POST', async () => {
    const answer = await send('POST', 'chat.sendMessage', JSON.stringify({ sessionId: uuidv7(), text: 'x' }));
    expect(readEventError(answer)).toMatchObject({ code: 'VALIDATION_FAILED' });
  });

  it.each(['%7Bbad', '%7B', '%22', 'undefined', '%E0%A4%A', '%00', '%7B%22a%22%3ANaN%7D'])(
    'an input that is no JSON is refused: %s',
    async (input) => {
      expect(expectRefusal(await send('GET', `aiModels.find?input=${input}`), input).code).toBe(
        'VALIDATION_FAILED',
      );
    },
  );

  it.each(['{"a"', '{', '"', 'undefined', '\0', '{"title":NaN}'])(
    'a body that is no JSON is refused: %j',
    async (body) => {
      expect(expectRefusal(await send('POST', 'chat.createSession', body), body).code).toBe(
        'VALIDATION_FAILED',
      );
      expect(expectRefusal(await send('POST', 'chat.createSession?batch=1', body), body).code).toBe(
        'VALIDATION_FAILED',
      );
    },
  );

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/octet-stream',
    'application/xml',
    '',
  ])('a body that is sent as "%s" is refused', async (type) => {
    const answer = await send('POST', 'chat.createSession', '{"title":"x"}', { 'content-type': type });
    expect(expectRefusal(answer, type).code).toBe('VALIDATION_FAILED');
  });

  it('a body that is too large is refused', async () => {
    const answer = await send('POST', 'chat.createSession', `{"title":"${'x'.repeat(3 * 1024 * 1024)}"}`);
    expect(expectRefusal(answer, 'large').message).toBe('The body is too large.');
  });

  it.each([
    [[], ''],
    ['x', ''],
    [5, ''],
    [{ bogus: 1 }, 'bogus'],
    [{ limit: 0 }, 'limit'],
    [{ limit: 9_999 }, 'limit'],
    [{ limit: -1 }, 'limit'],
    [{ limit: 'abc' }, 'limit'],
    [{ limit: 1.5 }, 'limit'],
    [{ limit: null }, 'limit'],
    [{ cursor: 'x' }, 'cursor'],
    [{ cursor: 5 }, 'cursor'],
    [{ q: 'a\0b' }, 'q'],
    [{ q: ['a'] }, 'q'],
    [{ status: 'gone' }, 'status'],
    [{ enabled: 1 }, 'enabled'],
  ])('an input that does not fit is refused, naming the field: %j', async (input, field) => {
    const error = expectRefusal(await admin.query('aiModels.find', input), JSON.stringify(input));
    expect(error).toMatchObject({
      code: 'VALIDATION_FAILED',
      details: { fields: expect.arrayContaining([expect.objectContaining({ field })]) },
    });
  });

  it.each([
    '{"__proto__":{"a":1}}',
    '{"constructor":1}',
    '{"title":"x","toString":1}',
    `{"title":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
  ])('a body that would reach for a prototype or is too deep is refused: %.40s', async (body) => {
    expect(expectRefusal(await send('POST', 'chat.createSession', body), body.slice(0, 40)).code).toBe(
      'VALIDATION_FAILED',
    );
  });

  it('any input of any procedure is answered without a fault of ours', async () => {
    for (const { name, type } of listProcedures(app)) {
      for (const input of oddInputs) {
        const what = `${name} ${JSON.stringify(input)}`;
        if (type === 'mutation') expectNoFault(await send('POST', name, JSON.stringify(input)), what);
        else if (type === 'query') expectNoFault(await send('GET', `${name}?input=${encode(input)}`), what);
        else
          expect(['VALIDATION_FAILED', 'NOT_FOUND']).toContain(
            readEventError(await send('GET', `${name}?input=${encode(input)}`)).code,
          );
      }
    }
    expect(listFaults(app)).toEqual([]);
  });

  describe('a batch', () => {
    it.each(['bad', '5', '[1]', 'null', '"x"', '%7B%220%22%3A'])(
      'whose inputs are no object of inputs is refused, call by call: %s',
      async (input) => {
        const answer = await send('GET', `aiModels.find,aiExecutions.find?batch=1&input=${input}`);
        expect(answer.body).toHaveLength(2);
        expectRefusal(answer, input);
      },
    );

    it('answers each of its calls for itself, good and bad', async () => {
      const inputs = { 0: { limit: 0 }, 1: { limit: 1 }, 3: {} };
      const answer = await send(
        'GET',
        `aiModels.find,aiModels.find,aiModels.nothing,aiExecutions.find?batch=1&input=${encode(inputs)}`,
      );
      expect(answer.status).toBe(207);
      const [refused, found, missing, empty] = answer.body;
      expect(refused.error.data.error).toMatchObject({
        code: 'VALIDATION_FAILED',
        requestId: answer.headers.get('x-request-id'),
      });
      expect(found.result.data.items).toHaveLength(1);
      expect(missing.error.data.error).toMatchObject({
        code: 'NOT_FOUND',
        requestId: answer.headers.get('x-request-id'),
      });
      expect(empty.result.data).toEqual({ items: [] });
    });

    it('writes for each of its calls for itself', async () => {
      const answer = await send(
        'POST',
        'chat.createSession,chat.createSession?batch=1',
        JSON.stringify({ 0: { title: 'in a batch' }, 1: { title: 7 } }),
      );
      expect(answer.body[0].result.data.title).toBe('in a batch');
      expect(answer.body[1].error.data.error.code).toBe('VALIDATION_FAILED');
    });

    it.each([20, 200])(
      'of %i calls goes through the client of tRPC, in one request or several',
      async (count) => {
        const trpc = trpcOf(admin);
        const before = app.logs.filter((line) => line.includes('"url":"/trpc/:path"')).length;
        const answers = await Promise.all(
          Array.from({ length: count }, () => trpc.aiTeamModels.findAvailable.query({ limit: 1 })),
        );
        expect(answers).toHaveLength(count);
        expect(new Set(answers.map(({ items }) => items[0]?.ref))).toEqual(new Set(['sandbox/echo']));
        const requests = app.logs.filter((line) => line.includes('"url":"/trpc/:path"')).length - before;
        expect(requests).toBeLessThanOrEqual(Math.ceil(count / 10));
      },
    );
  });

  describe("tRPC's own client", () => {
    it.each(['batch', 'single'] as const)(
      'gets the same error object that REST answers (%s)',
      async (link) => {
        const rest = await admin.get(`/api/v1/chat/sessions/${uuidv7()}`);
        const error = await trpcOf(admin, link)
          .chat.getSession.query({ sessionId: uuidv7() })
          .catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(TRPCClientError);
        const { message, data } = error as TRPCClientError<never> & {
          data: { code: string; httpStatus: number; error: object };
        };
        expect(message).toBe(rest.body.error.message);
        expect(data).toMatchObject({
          code: 'NOT_FOUND',
          httpStatus: 404,
          error: { code: 'NOT_FOUND', message, requestId: expect.any(String) },
        });
        expect(data).not.toHaveProperty('stack');
      },
    );

    it.each(['batch', 'single'] as const)(
      'reads and writes what REST reads and writes (%s)',
      async (link) => {
        const trpc = trpcOf(admin, link);
        const made = await trpc.chat.createSession.mutate({ title: 'over tRPC' });
        expect((await admin.get(`/api/v1/chat/sessions/${made.id}`)).body).toEqual(made);
        const other = await createSession(admin, { title: 'over REST' });
        expect(await trpc.chat.getSession.query({ sessionId: other })).toMatchObject({ title: 'over REST' });
        expect(await trpc.chat.deleteSession.mutate({ sessionId: made.id })).toBeUndefined();
        expect((await admin.get(`/api/v1/chat/sessions/${made.id}`)).status).toBe(404);
      },
    );
  });

  it('has caused no fault of ours', () => {
    expect(listFaults(app)).toEqual([]);
  });
});

function readEventError({ text }: Answer): { code: string } {
  const data = /event: serialized-error\ndata: (.*)/.exec(text)?.[1];
  if (!data) throw new Error(`Not an error event: ${text.slice(0, 300)}`);
  return JSON.parse(data).data.error;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
