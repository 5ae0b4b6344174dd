import { once } from 'node:events';
import { createServer, request, type ClientRequest, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { setTimeout as delay } from 'node:timers/promises';
import { v7 as uuidv7 } from 'uuid';
import { ModelMessages } from '../../src/chat/files/model-messages';
import { MessageRepository } from '../../src/chat/sessions/message.repository';
import { RouteAdmission } from '../../src/identity';
import { CallerService } from '../../src/identity/callers/caller.service';
import { ByteBudget, ByteBudgets } from '../../src/platform/limits';
import { createApiKey } from '../support/api-keys';
import { startTestApp, type TestApp } from '../support/app';
import { addMember, Client, createSession, createTeam, say, signUp, type Answer } from '../support/client';
import { hastenIntervals } from '../support/intervals';
import { addTeamProvider, expectStatus } from '../support/providers';
import { countQueries } from '../support/queries';
import { exchange, sendInTwo } from '../support/raw-http';
import { eventually } from '../support/streams';
import { startWireServer, type WireServer } from '../support/wire';

const sessionsPath = '/api/v1/chat/sessions';

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
);
const pdf = Buffer.from('%PDF-1.4\n%%EOF\n');
const large = 10 * 1024 * 1024;

const filePart = (mediaType: string, content: Buffer, filename?: string) => ({
  type: 'file',
  mediaType,
  ...(filename === undefined ? {} : { filename }),
  url: `data:${mediaType};base64,${content.toString('base64')}`,
});
const pngOf = (bytes: number) => Buffer.concat([png, Buffer.alloc(bytes - png.length)]);
/** What JavaScript holds, of this process. */
const heldBytes = () => {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};
const ignore = () => undefined;
const textPart = (text: string) => ({ type: 'text', text });

describe('files in messages', () => {
  let app: TestApp;
  let owner: Client & { teamId: string };
  let member: Client;
  let server: WireServer;
  let seeing: string;
  let blind: string;

  beforeAll(async () => {
    app = await startTestApp();
    owner = await createTeam(await signUp(app));
    member = await addMember(app, owner);
    server = await startWireServer('openai');
    const models = [
      { modelKey: 'seeing', displayName: 'Seeing' },
      { modelKey: 'blind', displayName: 'Blind', capabilities: { imageInput: false, pdfInput: false } },
    ];
    const { providerId } = await addTeamProvider(owner, server, { name: 'wired' });
    expectStatus(await owner.patch(`/api/v1/team-providers/${providerId}`, { models }));
    [seeing, blind] = [`${providerId}/seeing`, `${providerId}/blind`];
    for (const ref of [seeing, blind])
      expectStatus(await owner.patch(`/api/v1/team-models/${encodeURIComponent(ref)}`, { enabled: true }));
  }, 60_000);

  afterEach(() => server.reset());

  afterAll(async () => {
    await app.close();
    await server.close();
  });

  const sendParts = (sessionId: string, parts: object[], body: object = {}) =>
    say(owner, sessionId, { message: { role: 'user', parts }, ...body });

  const messagesOf = async (sessionId: string): Promise<Answer['body'][]> =>
    expectStatus(await owner.get(`${sessionsPath}/${sessionId}/messages`)).items;

  const told = (): string => JSON.stringify(server.requests.at(-1)!.body);

  it('are refused where they are not what they say, too large, or elsewhere: by the field, and nothing is stored', async () => {
    const sessionId = await createSession(owner);
    const html = Buffer.from('<script>alert(1)</script>');
    const cases: [object, string][] = [
      [{ type: 'file', mediaType: 'image/png', url: 'http://169.254.169.254/x.png' }, 'url'],
      [{ type: 'file', mediaType: 'image/png', url: 'https://example.com/x.png' }, 'url'],
      [{ type: 'file', mediaType: 'image/png', url: 'file:///etc/passwd' }, 'url'],
      [
        { type: 'file', mediaType: 'image/png', url: `${sessionsPath}/${sessionId}/files/${sessionId}` },
        'url',
      ],
      [{ type: 'file', mediaType: 'image/png' }, 'url'],
      [{ type: 'file', mediaType: 'image/png', url: 'data:image/png;base64,' }, 'url'],
      [{ type: 'file', mediaType: 'image/png', url: 'data:image/png;base64,!!!!' }, 'url'],
      [
        { type: 'file', mediaType: 'image/png', url: `data:image/gif;base64,${png.toString('base64')}` },
        'url',
      ],
      [filePart('image/png', html), 'mediaType'],
      [filePart('image/svg+xml', html), 'mediaType'],
      [filePart('text/html', html), 'mediaType'],
      [filePart('constructor', html), 'mediaType'],
      [filePart('text/plain', Buffer.from([0xff, 0xfe])), 'mediaType'],
      [filePart('application/pdf', png), 'mediaType'],
      [filePart('application/vnd.ms-excel', Buffer.from('d0cf11e0a1b11ae10000', 'hex')), 'mediaType'],
      [filePart('image/png', pngOf(large + 1)), 'url'],
      [{ ...filePart('image/png', png), filename: 'x'.repeat(201) }, 'filename'],
    ];
    for (const [part, field] of cases) {
      const { status, body } = await sendParts(sessionId, [textPart('Look'), part]);
      expect([status, body.error.code]).toEqual([400, 'VALIDATION_FAILED']);
      expect(body.error.details.fields[0].field).toBe(`message.parts.1.${field}`);
    }
    const two = await sendParts(sessionId, [
      filePart('image/png', pngOf(large)),
      filePart('image/png', pngOf(large)),
      filePart('image/png', png),
    ]);
    expect(two.body.error.details.fields[0].field).toBe('message.parts');
    expect(await messagesOf(sessionId)).toEqual([]);
  });

  it('are refused before the call where the model takes none, and nothing is stored', async () => {
    const sessionId = await createSession(owner, { modelId: blind });
    for (const [part, input] of [
      [filePart('image/png', png), 'image'],
      [filePart('application/pdf', pdf), 'pdf'],
    ] as const) {
      const { status, body } = await sendParts(sessionId, [textPart('Look'), part]);
      expect(status).toBe(409);
      expect(body.error).toMatchObject({
        code: 'MODEL_NOT_AVAILABLE',
        details: { modelRef: blind, input },
      });
    }
    expect(server.requests).toEqual([]);
    expect(await messagesOf(sessionId)).toEqual([]);
    expect(
      (await sendParts(sessionId, [filePart('text/plain', Buffer.from('A text'), 'a.txt')])).status,
    ).toBe(200);
    expect(told()).toContain('A text');
  });

  it('pass over a fallback that takes none', async () => {
    const sessionId = await createSession(owner, { modelId: seeing });
    server.next({ fail: { status: 500 } });
    await sendParts(sessionId, [textPart('Look\n/sandbox answer=ok'), filePart('image/png', png)]);
    const [, answer] = await messagesOf(sessionId);
    expect(JSON.stringify(answer)).not.toContain(blind);
  });

  it('reach the model as bytes, and their reader under headers that are safe', async () => {
    const sessionId = await createSession(owner, { modelId: seeing });
    server.next({ reply: { text: 'A dot' } }, { reply: { text: 'Still' } });
    const name = 'Ü".png';
    expect((await sendParts(sessionId, [textPart('What?'), filePart('image/png', png, name)])).status).toBe(
      200,
    );
    expect(told()).toContain(png.toString('base64'));
    const [question] = await messagesOf(sessionId);
    expect(JSON.stringify(question)).not.toContain(png.toString('base64'));
    const { url, ...part } = question.parts[1];
    expect(part).toEqual({
      type: 'file',
      mediaType: 'image/png',
      filename: name,
      providerMetadata: { aiStudio: { bytes: png.length } },
    });
    const got = await owner.fetch(url);
    expect(Buffer.from(await got.arrayBuffer()).equals(png)).toBe(true);
    expect(Object.fromEntries(got.headers)).toMatchObject({
      'content-type': 'image/png',
      'content-disposition': `inline; filename="___.png"; filename*=UTF-8''%C3%9C_.png`.replace('___', '__'),
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
    });
    await say(owner, sessionId, { text: 'And now?' });
    expect(told()).toContain(png.toString('base64'));
    for (const [client, path] of [
      [member, url],
      [owner, url.replace(sessionId, await createSession(owner))],
    ] as const)
      expect((await client.get(path)).status).toBe(404);
  });

  it('that are no images are for the disk', async () => {
    const sessionId = await createSession(owner, { modelId: seeing });
    server.always({ reply: { text: 'ok' } });
    await sendParts(sessionId, [filePart('application/pdf', pdf, 'a.pdf')]);
    const [question] = await messagesOf(sessionId);
    const got = await owner.get(question.parts[0].url);
    expect(got.headers.get('content-disposition')).toBe('attachment; filename="a.pdf"');
    expect(expectStatus(await owner.get(`${sessionsPath}/${sessionId}`)).title).toBe('a.pdf');
  });

  it('of a CSV under the name that Windows gives it where Excel opens it are CSV from then on', async () => {
    const sessionId = await createSession(owner, { modelId: blind });
    server.always({ reply: { text: 'ok' } });
    const excel = 'application/vnd.ms-excel';
    await sendParts(sessionId, [filePart(excel, Buffer.from('city,people\nUlm,128928\n'), 'a.csv')]);
    expect(told()).toContain('Ulm,128928');
    const [question] = await messagesOf(sessionId);
    expect(question.parts[0].mediaType).toBe('text/csv');
    expect((await owner.fetch(question.parts[0].url)).headers.get('content-type')).toMatch('text/csv');
  });

  it('of before a change of model are told of in words, where the new one takes none', async () => {
    const sessionId = await createSession(owner, { modelId: seeing });
    server.always({ reply: { text: 'ok' } });
    await sendParts(sessionId, [textPart('Look'), filePart('image/png', png, 'dot.png')]);
    expect((await say(owner, sessionId, { text: 'On', modelId: blind })).status).toBe(200);
    expect(told()).not.toContain(png.toString('base64'));
    expect(told()).toContain('takes no images');
    const again = await messagesOf(sessionId);
    const path = `${sessionsPath}/${sessionId}/messages/${again[0].id}/regenerate`;
    expect(await owner.post(path, { modelId: blind })).toMatchObject({
      status: 409,
      body: { error: { code: 'MODEL_NOT_AVAILABLE' } },
    });
    expect(await messagesOf(sessionId)).toEqual(again);
  });

  describe('named by the URL that this server gave them', () => {
    const refused = async (sessionId: string, parts: object[]): Promise<Answer['body']> => {
      const before = await messagesOf(sessionId);
      const { status, body } = await sendParts(sessionId, parts);
      expect([status, body.error.code]).toEqual([400, 'VALIDATION_FAILED']);
      expect(await messagesOf(sessionId)).toEqual(before);
      return body.error.details.fields;
    };
    const named = (url: string, mediaType = 'image/png') => ({ type: 'file', mediaType, url });

    it('are refused, in the same words, where they are of another conversation, another user, or not there', async () => {
      const asked = async (client: Client, teamModel: string): Promise<[string, string]> => {
        const id = await createSession(client, { modelId: teamModel });
        server.next({ reply: { text: 'ok' } });
        const asking = await say(client, id, {
          message: { role: 'user', parts: [filePart('image/png', png)] },
        });
        expect(asking.status).toBe(200);
        const { items } = expectStatus(await client.get(`${sessionsPath}/${id}/messages`));
        return [id, items[0].parts[0].url];
      };
      const [sessionId, own] = await asked(owner, seeing);
      const [otherId, other] = await asked(owner, seeing);
      const [, ofMember] = await asked(member, seeing);
      const fileOf = (url: string) => url.split('/').at(-1)!;
      const urls = [
        other,
        own.replace(fileOf(own), fileOf(other)),
        own.replace(sessionId, otherId),
        ofMember,
        own.replace(fileOf(own), fileOf(ofMember)),
        own.replace(fileOf(own), sessionId),
      ];
      for (const url of urls)
        expect(await refused(sessionId, [textPart('Look'), named(url)])).toEqual([
          { field: 'message.parts.1.url', problem: 'names no file of this conversation' },
        ]);
      for (const url of [`${owner.url}${own}`, `${own}?x`, own.replace(fileOf(own), '-'.repeat(36))])
        expect(await refused(sessionId, [named(url)])).toEqual([
          { field: 'message.parts.0.url', problem: expect.stringContaining('are not fetched') },
        ]);
      expect((await refused(sessionId, [named(own, 'image/gif')]))[0].field).toBe(
        'message.parts.0.mediaType',
      );
      expect((await refused(sessionId, [named(own, 'text/html')]))[0].field).toBe(
        'message.parts.0.mediaType',
      );
    });

    it('are refused where they are too large together, however often one is named', async () => {
      const sessionId = await createSession(owner, { modelId: seeing });
      server.next({ reply: { text: 'ok' } });
      await sendParts(sessionId, [filePart('image/png', pngOf(large))]);
      const [{ parts }] = await messagesOf(sessionId);
      const [field] = await refused(sessionId, [parts[0], parts[0], filePart('image/png', png)]);
      expect(field).toMatchObject({ field: 'message.parts', problem: expect.stringContaining('together') });
    });

    it('are copied: the model gets the bytes, the message a file of its own, and the kind is looked at', async () => {
      const sessionId = await createSession(owner, { modelId: seeing });
      server.always({ reply: { text: 'ok' } });
      await sendParts(sessionId, [textPart('One'), filePart('image/png', png, 'dot.png')]);
      const [first] = await messagesOf(sessionId);
      const sent = { message: { role: 'user', parts: [textPart('Two'), first.parts[1]] }, parentId: null };
      expect((await say(owner, sessionId, sent)).status).toBe(200);
      expect(told()).toContain(png.toString('base64'));
      expect(told()).not.toContain('One');
      const [second] = await messagesOf(sessionId);
      const { url, ...part } = second.parts[1];
      const { url: firstUrl, ...firstPart } = first.parts[1];
      expect(part).toEqual(firstPart);
      expect(url).not.toBe(firstUrl);
      for (const one of [url, firstUrl]) {
        const got = await owner.fetch(one);
        expect(Buffer.from(await got.arrayBuffer()).equals(png)).toBe(true);
      }
      const toBlind = await say(owner, sessionId, { ...sent, modelId: blind });
      expect([toBlind.status, toBlind.body.error.code]).toEqual([409, 'MODEL_NOT_AVAILABLE']);
    });
  });

  describe('of a caller who may not send them', () => {
    const lines = ['host: x', 'content-type: application/json', `content-length: ${2.7 * large}`, '', ''];
    const toHead = (path: string, client: Client) => {
      const credentials = Object.entries(client.headers()).map(([name, value]) => `${name}: ${value}`);
      return [`POST ${path} HTTP/1.1`, ...credentials, ...lines].join('\r\n');
    };
    const nobody = () => new Client(app.url);
    const paths = ['/api/v1/chat', `${sessionsPath}/${uuidv7()}/messages`];

    it.each<[string, number, () => Client | Promise<Client>]>([
      ['nobody', 401, nobody],
      ['a session that never was', 401, () => new Client(app.url, 'x.y')],
      ['a key that never was', 401, () => new Client(app.url, 'ais_x')],
      ['a key without the scope', 403, () => createApiKey(owner, ['models.read'])],
      ['another team', 404, () => owner.inTeam(uuidv7())],
      ['a team that is none', 400, () => owner.inTeam('x')],
      ['no team', 400, () => signUp(app)],
    ])('are refused before they are read, as the guard refuses: %s', async (_who, status, make) => {
      const client = await make();
      const { error } = (await client.post(sessionsPath)).body; // asks for the same permission
      for (const path of paths) {
        const sent = { method: 'POST', timeoutMs: 10_000 };
        const answer = await exchange(app.url, Buffer.from(toHead(path, client)), sent);
        expect([answer.outcome, answer.status]).toEqual(['answered', status]);
        const requestId = answer.headers.get('x-request-id');
        expect(JSON.parse(answer.text)).toEqual({ error: { ...error, requestId } });
      }
    });

    it('are taken all the same, so that their sender learns why', async () => {
      const next = 'GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n';
      for (const path of paths) {
        const rest = Buffer.concat([Buffer.alloc(2.7 * large), Buffer.from(next)]);
        const answered = await sendInTwo(app.url, toHead(path, nobody()), rest);
        expect(answered).toEqual({ statuses: ['HTTP/1.1 401', 'HTTP/1.1 200'], isTaken: true });
      }
    });

    it('are one refused attempt', async () => {
      const key = await createApiKey(owner, ['models.read']);
      expect((await key.post(paths[0]!, {})).status).toBe(403);
      const { items } = expectStatus(await owner.get(`/api/v1/audit-events?actorId=${key.userId}`));
      expect(items).toEqual([
        expect.objectContaining({ action: 'chat.use', outcome: 'refused', code: 'FORBIDDEN' }),
      ]);
    });
  });

  it('do not have their sender looked up twice', async () => {
    const sessionId = await createSession(owner, { modelId: seeing });
    server.next({ reply: { text: 'ok' } });
    app.nest.get(CallerService).forgetAll();
    const lookUps = countQueries(/"auth_session"|select role from team_member/i);
    expect((await sendParts(sessionId, [filePart('image/png', png)])).status).toBe(200);
    lookUps.stop();
    expect(lookUps.count).toBe(2); // the session, and its user's role
  });

  it('are not held for who asks for one and does not read it, over both transports', async () => {
    const sessionId = await createSession(owner, { modelId: seeing });
    server.next({ reply: { text: 'ok' } });
    expect((await sendParts(sessionId, [filePart('image/png', pngOf(large))])).status).toBe(200);
    const [question] = await messagesOf(sessionId);
    const path: string = question.parts[0].url;
    const input = JSON.stringify({ sessionId, fileId: path.split('/').at(-1) });
    const intervals = hastenIntervals(60_000, 200);
    try {
      for (const asked of [path, `/trpc/chat.getFile?input=${encodeURIComponent(input)}`]) {
        const { hostname, port } = new URL(app.url);
        const accepted = once(app.nest.getHttpServer(), 'connection');
        const socket = connect(Number(port), hostname);
        const credentials = Object.entries(owner.headers()).map(([name, value]) => `${name}: ${value}`);
        socket.write([`GET ${asked} HTTP/1.1`, 'host: x', ...credentials, '', ''].join('\r\n'));
        const [server]: Socket[] = await accepted;
        await once(server!, 'close', { signal: AbortSignal.timeout(10_000) });
        socket.destroy();
      }
    } finally {
      intervals.stop();
    }
    expect(app.logs.filter((line) => line.includes('"cut":true'))).toHaveLength(2);
  });

  it('are held once as bytes, and once as the model was told of them, while their answer goes on', async () => {
    const provider = createServer((request, response) => {
      const part = { id: '1', choices: [{ index: 0, delta: { role: 'assistant', content: 'Hi' } }] };
      request.resume().on('end', () => response.write(`data: ${JSON.stringify(part)}\n\n`));
      response.setHeader('content-type', 'text/event-stream');
    }).listen(0, '127.0.0.1');
    await once(provider, 'listening');
    const { port } = provider.address() as AddressInfo; // a string for pipes only
    const baseUrl = `http://127.0.0.1:${port}/v1`;
    try {
      const { id: modelId } = await addTeamProvider(owner, { baseUrl }, { name: 'talkative' });
      const sessionId = await createSession(owner, { modelId });
      const before = heldBytes();
      const answer = await begin(sessionId, [pngOf(large - 1), pngOf(large - 1)]);
      const held = () => (heldBytes() - before) / (2 * large);
      await eventually(async () => held() < 3); // what was on its way is let go of in time
      answer.destroy();
      await once(answer, 'close');
    } finally {
      provider.closeAllConnections();
      provider.close();
    }
  }, 60_000);

  it('are sent to models as memory allows: an answer waits until another has ended, and may be stopped meanwhile', async () => {
    const told = app.nest.get(ModelMessages, { strict: false });
    const roomy = Reflect.get(told, 'ofAll') as ByteBudget;
    Reflect.set(told, 'ofAll', new ByteBudget(large));
    try {
      const [first, second, third] = await Promise.all(
        [1, 2, 3].map(() => createSession(owner, { modelId: seeing })),
      );
      server.always({ reply: { text: 'one two', chunkDelayMs: 60_000 } });
      const send = (id: string) => sendParts(id, [filePart('image/png', pngOf(large / 2 + 1))]);
      const stop = (id: string) => owner.post(`${sessionsPath}/${id}/stop`);
      const asked = () => server.requests.filter(({ path }) => path.includes('completions')).length;
      const answers = [send(first!)];
      await eventually(async () => asked() === 1);
      answers.push(send(second!), send(third!));
      await eventually(
        async () => (await messagesOf(third!)).length === 2 && (await messagesOf(second!)).length === 2,
      );
      await delay(200);
      expect(asked()).toBe(1);
      expectStatus(await stop(second!));
      expectStatus(await stop(first!));
      await eventually(async () => asked() === 2);
      expectStatus(await stop(third!));
      const [begun, ...waiting] = await Promise.all(answers);
      expect(begun!.chunks.at(-1)).toEqual({ type: 'abort', reason: 'stopped' });
      expect(waiting[0]!.chunks).toEqual([
        expect.objectContaining({
          type: 'start',
          messageMetadata: expect.objectContaining({ sessionId: second }),
        }),
        { type: 'abort', reason: 'stopped' },
      ]);
      const all = await Promise.all([first!, second!, third!].map(messagesOf));
      expect(all.map(([, answer]) => answer.status)).toEqual(['stopped', 'stopped', 'stopped']);
      const left = Reflect.get(told, 'ofAll') as ByteBudget;
      expect(left.isUntouched).toBe(true);
    } finally {
      Reflect.set(told, 'ofAll', roomy);
    }
  });

  it('are not held while their answer waits for others to be let go of', async () => {
    const told = app.nest.get(ModelMessages, { strict: false });
    const roomy = Reflect.get(told, 'ofAll') as ByteBudget;
    const budget = new ByteBudget(large);
    Reflect.set(told, 'ofAll', budget);
    const takeBack = await budget.take(large);
    try {
      const sessions = await Promise.all([1, 2, 3].map(() => createSession(owner, { modelId: seeing })));
      const before = heldBytes();
      const asked: ClientRequest[] = [];
      for (const id of sessions) {
        asked.push(await sendByHand(id, [pngOf(large - 1), pngOf(large - 1)]));
        await eventually(async () => (await messagesOf(id)).length === 2);
      }
      expect(server.requests).toEqual([]);
      await eventually(async () => heldBytes() - before < large / 2); // of six times as much
      for (const one of asked) one.destroy();
      for (const id of sessions) expectStatus(await owner.post(`${sessionsPath}/${id}/stop`));
    } finally {
      takeBack();
      Reflect.set(told, 'ofAll', roomy);
    }
  }, 60_000);

  it('are sent to models as memory allows to each team: another team waits for none of it', async () => {
    const told = app.nest.get(ModelMessages, { strict: false });
    const roomy = Reflect.get(told, 'ofTeams') as ByteBudgets;
    const small = new ByteBudgets(large);
    Reflect.set(told, 'ofTeams', small);
    try {
      const stranger = await createTeam(await signUp(app));
      const { ref } = await addTeamProvider(stranger, server, { name: 'elsewhere' });
      server.always({ reply: { text: 'one two', chunkDelayMs: 60_000 } });
      const ask = async (by: Client, modelId: string) => {
        const sessionId = await createSession(by, { modelId });
        const parts = [filePart('image/png', pngOf(large / 2 + 1))];
        const answer = say(by, sessionId, { message: { role: 'user', parts } });
        return { answer, stop: () => by.post(`${sessionsPath}/${sessionId}/stop`) };
      };
      const asked = () => server.requests.filter(({ path }) => path.includes('completions')).length;
      const first = await ask(owner, seeing);
      await eventually(async () => asked() === 1);
      const second = await ask(owner, seeing);
      await delay(200);
      expect(asked()).toBe(1);
      const other = await ask(stranger, ref);
      await eventually(async () => asked() === 2);
      expect(server.requests.at(-1)!.body).toMatchObject({ model: 'elsewhere-model' });
      expect(small.size).toBe(2);
      expectStatus(await first.stop());
      await eventually(async () => asked() === 3);
      for (const { stop } of [second, other]) expectStatus(await stop());
      await Promise.all([first, second, other].map(({ answer }) => answer));
      expect(small.size).toBe(0);
    } finally {
      Reflect.set(told, 'ofTeams', roomy);
    }
  });

  it('are read two at a time for one person: the third waits for one of them, and another person for none', async () => {
    const sessions = await Promise.all([owner, owner, owner, member].map((client) => createSession(client)));
    const body = { message: { role: 'user', parts: [filePart('image/png', pngOf(large / 4))] } };
    const length = 32 * 1024 * 1024;
    const half = (client: Client, sessionId: string) => {
      const headers = { ...client.headers(), 'content-type': 'application/json', 'content-length': length };
      const asked = request(`${app.url}${sessionsPath}/${sessionId}/messages`, { method: 'POST', headers });
      asked.on('error', () => undefined).write('{');
      return asked;
    };
    const others = [half(owner, sessions[0]!), half(owner, sessions[1]!)];
    await delay(200);
    const third = owner.post(`${sessionsPath}/${sessions[2]}/messages`, body);
    const waiting = third.then(() => 'answered');
    const another = await member.post(`${sessionsPath}/${sessions[3]}/messages`, body);
    expect(another.status).not.toBe(429);
    expect(await Promise.race([waiting, delay(300, 'waits')])).toBe('waits');
    others[0]!.destroy();
    expect((await third).status).not.toBe(429);
    others[1]!.destroy();
  });

  it('count until they are stored, and not when their sender hangs up meanwhile', async () => {
    const messages = app.nest.get(MessageRepository, { strict: false });
    const begin = messages.begin.bind(messages);
    const { promise: mayStore, resolve: store } = Promise.withResolvers<void>();
    const storing = jest.spyOn(messages, 'begin').mockImplementation(async (...args) => {
      await mayStore;
      return begin(...args);
    });
    server.always({ reply: { text: 'ok' } });
    const files = [pngOf(large - 1), pngOf(large - 1)];
    const sessions = await Promise.all([1, 2, 3].map(() => createSession(owner, { modelId: seeing })));
    const asked = await Promise.all(sessions.slice(0, 2).map((id) => sendByHand(id, files)));
    await eventually(async () => storing.mock.calls.length === 2);
    const third = sendParts(sessions[2]!, [filePart('image/png', pngOf(large))]);
    for (const one of asked) one.destroy();
    await delay(500);
    expect(storing).toHaveBeenCalledTimes(2);
    store();
    expect((await third).status).toBe(200);
    storing.mockRestore();
    for (const id of sessions)
      await eventually(async () => (await messagesOf(id)).at(-1)?.status === 'complete');
  }, 30_000);

  it('count for nobody whose sender had gone before they were read', async () => {
    const admission = app.nest.get(RouteAdmission, { strict: false });
    const admit = admission.admitBeforeBody.bind(admission);
    const gone = jest.spyOn(admission, 'admitBeforeBody').mockImplementation(async (request) => {
      await admit(request);
      if (!request.raw.socket.destroyed) await once(request.raw.socket, 'close');
      await delay(50); // its answer hears of it after the connection
    });
    const sessionId = await createSession(owner, { modelId: seeing });
    try {
      for (const _ of [1, 2, 3]) {
        const headers = {
          ...owner.headers(),
          'content-type': 'application/json',
          'content-length': 32 * 1024 * 1024,
        };
        const asked = request(`${app.url}${sessionsPath}/${sessionId}/messages`, { method: 'POST', headers });
        asked.on('error', () => undefined).write('{');
        await delay(100);
        asked.destroy();
        await delay(200);
      }
      expect(gone).toHaveBeenCalledTimes(3);
    } finally {
      gone.mockRestore();
    }
    server.next({ reply: { text: 'ok' } });
    const { status } = await sendParts(sessionId, [filePart('image/png', pngOf(large / 4))]);
    expect(status).toBe(200);
  }, 15_000);

  it('are not read where that is waited for too long, and the sender learns why', async () => {
    const timeout = jest.spyOn(AbortSignal, 'timeout').mockImplementation(() => AbortSignal.abort());
    try {
      const sessionId = await createSession(owner);
      const message = { role: 'user', parts: [filePart('image/png', pngOf(large))] };
      const { status, body, headers } = await owner.post(`${sessionsPath}/${sessionId}/messages`, {
        message,
      });
      expect([status, body.error.code]).toEqual([429, 'RATE_LIMITED']);
      expect(headers.get('retry-after')).toBe('5');
      expect(await messagesOf(sessionId)).toEqual([]);
    } finally {
      timeout.mockRestore();
    }
  });

  /** By hand: `fetch` holds what it sends. Resolves once all is sent, and holds nothing of it. */
  async function sendByHand(sessionId: string, files: Buffer[]): Promise<ClientRequest> {
    const asked = request(`${app.url}${sessionsPath}/${sessionId}/messages`, {
      method: 'POST',
      headers: { ...owner.headers(), 'content-type': 'application/json' },
    });
    asked.on('error', ignore).end(toBody(files));
    await once(asked, 'finish');
    return asked;
  }

  function toBody(files: Buffer[]): string {
    const parts = files.map((content) => filePart('image/png', content));
    return JSON.stringify({ message: { role: 'user', parts } });
  }

  /** Resolves with the answer once it has said something. */
  async function begin(sessionId: string, files: Buffer[]): Promise<IncomingMessage> {
    const asked = await sendByHand(sessionId, files);
    const [answer]: IncomingMessage[] = await once(asked, 'response');
    for (let said = ''; !said.includes('text-delta');) said += String((await once(answer!, 'data'))[0]);
    return answer!;
  }

  it('go with their conversation, and are stored once with their digest', async () => {
    const sessionId = await createSession(owner, { modelId: seeing });
    server.always({ reply: { text: 'ok' } });
    expect(
      (await sendParts(sessionId, [filePart('image/png', pngOf(large)), filePart('image/png', png)])).status,
    ).toBe(200);
    const [question] = await messagesOf(sessionId);
    const got = await owner.fetch(question.parts[0].url);
    expect((await got.arrayBuffer()).byteLength).toBe(large);
    expect((await owner.delete(`${sessionsPath}/${sessionId}`)).status).toBe(204);
    expect((await owner.get(question.parts[0].url)).status).toBe(404);
  });
});
