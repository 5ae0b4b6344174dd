import type { TestApp } from './app';
import { Client, type Answer } from './client';
import { Database } from '../../src/platform/database';
import type { WireServer } from './wire';

/** The body of an answer that has to have this status. */
export function expectStatus(answer: Answer, status = 200): Answer['body'] {
  if (answer.status !== status) throw new Error(`expected ${status}, got ${answer.status}: ${answer.text}`);
  return answer.body;
}

/** A model that a team can use. */
export interface UsableModel {
  id: string;
  ref: string;
  providerId: string;
}

interface TeamProviderOptions {
  name: string;
  key?: string;
  modelKey?: string;
  /** Tokens; not known where absent. */
  contextWindow?: number;
  settings?: object;
  /** Whether conversations get titles of a model; else the endpoint hears of answers alone. */
  titles?: boolean;
}

/** Gives a team an endpoint of its own with one model, stores its key and enables the model, last in the order. */
export async function addTeamProvider(
  admin: Client,
  server: Pick<WireServer, 'baseUrl'>,
  {
    name,
    key = `sk-${name}-0123456789`,
    modelKey = `${name}-model`,
    contextWindow,
    settings = {},
    titles = false,
  }: TeamProviderOptions,
): Promise<UsableModel> {
  const created = await admin.post('/api/v1/team-providers', {
    displayName: name,
    baseUrl: server.baseUrl,
    models: [{ modelKey, displayName: name, contextWindow }],
  });
  const { id: providerId, models } = expectStatus(created, 201);
  expectStatus(await admin.put(`/api/v1/tokens/${providerId}`, { token: key }));
  const model = { id: models[0].id, ref: models[0].ref, providerId };
  await enableModel(admin, model.id, settings);
  await setTitles(admin, titles);
  return model;
}

/** Whether conversations of a team get titles of a model: else providers hear of answers alone. */
export async function setTitles(admin: Client, generatedTitles: boolean): Promise<void> {
  expectStatus(await admin.put('/api/v1/app-config/chat/team', { config: { generatedTitles } }));
}

export async function enableModel(admin: Client, modelId: string, settings: object = {}): Promise<void> {
  expectStatus(await admin.patch(modelPath(modelId), { enabled: true, settings }));
}

export async function disableModel(admin: Client, modelId: string): Promise<void> {
  expectStatus(await admin.patch(modelPath(modelId), { enabled: false }));
}

export async function setDefaultModel(admin: Client, modelId: string): Promise<void> {
  expectStatus(await admin.put('/api/v1/team-models/default', { modelId }));
}

/** A model's own resource; a reference has a slash, which a path has to escape. */
export function modelPath(modelId: string): string {
  return `/api/v1/team-models/${encodeURIComponent(modelId)}`;
}

/** What ran in the team, newest first. */
export async function listExecutions(admin: Client): Promise<Answer['body'][]> {
  return expectStatus(await admin.get('/api/v1/executions')).items;
}

/** A client like another that keeps everything it is answered, headers included. */
export class RecordingClient extends Client {
  readonly answers: string[] = [];

  constructor({ url, token, teamId, userId, email }: Client) {
    super(url, token, teamId, userId, email);
  }

  override async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await super.fetch(path, init);
    const text = await response.text();
    this.answers.push(`${JSON.stringify([...response.headers])}\n${text}`);
    return new Response(response.status === 204 ? null : text, response);
  }
}

/** Every row of every table as text; bytes in hexadecimal. */
export async function dumpDatabase(app: TestApp): Promise<string> {
  const { pool } = app.nest.get(Database);
  const tables = await pool.query<{ name: string }>(
    `select quote_ident(table_name) as name from information_schema.tables where table_schema = 'public'`,
  );
  const dumps: string[] = [];
  for (const { name } of tables.rows) {
    const { rows } = await pool.query<{ row: string }>(`select t::text as row from ${name} t`);
    dumps.push(...rows.map(({ row }) => `${name} ${row}`));
  }
  return dumps.join('\n');
}

/** The spellings in which a secret might lie around: as it is, and in the usual encodings. */
function spellingsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  // In the middle of a longer base64 text the same bytes look different at each of three alignments.
  const base64 = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes, Buffer.alloc(2)]).toString('base64');
    return text.slice(Math.ceil((offset * 4) / 3), Math.floor(((offset + bytes.length) * 4) / 3));
  });
  const texts = [secret, ...base64, [...secret].reverse().join('')];
  const inHex = texts.map((text) => Buffer.from(text).toString('hex'));
  return [...new Set([...texts, ...inHex, encodeURIComponent(secret)])];
}

/** Which of the places hold the secret in any spelling. */
export function findLeaks(secret: string, places: Record<string, string>): string[] {
  const spellings = spellingsOf(secret).map((spelling) => spelling.toLowerCase());
  return Object.entries(places).flatMap(([place, text]) => {
    const lower = text.toLowerCase();
    return spellings
      .filter((spelling) => lower.includes(spelling))
      .map((spelling) => `${place}: ${spelling}`);
  });
}
