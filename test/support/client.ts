import { randomBytes } from 'node:crypto';
import type { TestApp } from './app';

/** What a REST call answered, body parsed where it is JSON. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into bodies whose shape they assert
  body: any;
}

/** Somebody who calls the API over HTTP, with their session and team. */
export class Client {
  constructor(
    readonly url: string,
    readonly token?: string,
    readonly teamId?: string,
    readonly userId?: string,
    readonly email?: string,
  ) {}

  inTeam(teamId: string): Client {
    return new Client(this.url, this.token, teamId, this.userId, this.email);
  }

  headers(): Record<string, string> {
    return {
      ...(this.token ? { authorization: `Bearer ${this.token}` } : {}),
      ...(this.teamId ? { 'x-team-id': this.teamId } : {}),
    };
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.url}${path}`, { ...init, headers: { ...this.headers(), ...init.headers } });
  }

  async call(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await this.fetch(path, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: parse(text) };
  }

  get = (path: string) => this.call('GET', path);
  post = (path: string, body: unknown = {}) => this.call('POST', path, body);
  put = (path: string, body: unknown = {}) => this.call('PUT', path, body);
  patch = (path: string, body: unknown = {}) => this.call('PATCH', path, body);
  delete = (path: string) => this.call('DELETE', path);

  /** A tRPC query: `data` of the result, or throws nothing and gives the error object. */
  query(path: string, input?: unknown): Promise<Answer> {
    const query = input === undefined ? '' : `?input=${encodeURIComponent(JSON.stringify(input))}`;
    return this.call('GET', `/trpc/${path}${query}`);
  }

  mutate = (path: string, input: unknown = {}) => this.call('POST', `/trpc/${path}`, input);
}

/** Signs a new person up. The first one of an application is its platform admin. */
export async function signUp(
  app: Pick<TestApp, 'url'>,
  name = `user-${randomBytes(4).toString('hex')}`,
  password = 'correct horse battery',
): Promise<Client> {
  const email = `${name.toLowerCase()}@example.com`;
  const answer = await new Client(app.url).post('/api/auth/sign-up/email', {
    name,
    email,
    password,
  });
  if (answer.status !== 200) throw new Error(`sign-up failed: ${answer.status} ${answer.text}`);
  return new Client(app.url, answer.headers.get('set-auth-token')!, undefined, answer.body.user.id, email);
}

/** Somebody who signed up, in a new session of theirs and no team. */
export async function signIn(
  app: Pick<TestApp, 'url'>,
  email: string,
  password = 'correct horse battery',
): Promise<Client> {
  const { headers, body } = await postSignIn(app, email, password);
  return new Client(app.url, headers.get('set-auth-token')!, undefined, body.user.id, email);
}

async function postSignIn(app: Pick<TestApp, 'url'>, email: string, password: string): Promise<Answer> {
  const answer = await new Client(app.url).post('/api/auth/sign-in/email', { email, password });
  if (answer.status !== 200) throw new Error(`sign-in failed: ${answer.status} ${answer.text}`);
  return answer;
}

/** A session token as it is stored: what travels is signed. */
export function storedToken({ token = '' }: Client): string {
  return decodeURIComponent(token).split('.')[0]!;
}

/** The cookie of a new session of somebody who signed up. */
export async function cookieOf(
  app: Pick<TestApp, 'url'>,
  email: string,
  password = 'correct horse battery',
): Promise<string> {
  const { headers } = await postSignIn(app, email, password);
  return headers.getSetCookie()[0]!.split(';')[0]!;
}

/** Makes a team of which `owner` is the owner, and answers the owner in it. */
export async function createTeam(
  owner: Client,
  name = `team-${randomBytes(4).toString('hex')}`,
): Promise<Client & { teamId: string }> {
  const answer = await owner.post('/api/auth/organization/create', { name, slug: name.toLowerCase() });
  if (answer.status !== 200) throw new Error(`team failed: ${answer.status} ${answer.text}`);
  return owner.inTeam(answer.body.id) as Client & { teamId: string };
}

/** Invites a new person into the team of `admin`, signs them up and accepts. */
export async function addMember(
  app: Pick<TestApp, 'url'>,
  admin: Client,
  role: 'member' | 'admin' = 'member',
): Promise<Client> {
  const person = await signUp(app);
  const invited = await admin.post('/api/auth/organization/invite-member', {
    email: person.email,
    role,
    organizationId: admin.teamId,
  });
  if (invited.status !== 200) throw new Error(`invitation failed: ${invited.status} ${invited.text}`);
  const accepted = await person.post('/api/auth/organization/accept-invitation', {
    invitationId: invited.body.id,
  });
  if (accepted.status !== 200) throw new Error(`accepting failed: ${accepted.status} ${accepted.text}`);
  return person.inTeam(admin.teamId!);
}

/** Sends a chat message and reads the whole answer: its chunks, its text, or the error. */
export async function say(
  client: Client,
  sessionId: string,
  body: object,
): Promise<{ status: number; chunks: Record<string, unknown>[]; text: string; body: Answer['body'] }> {
  const answer = await client.post(`/api/v1/chat/sessions/${sessionId}/messages`, body);
  const chunks = answer.text
    .split('\n')
    .filter((line) => line.startsWith('data: {'))
    .map((line) => JSON.parse(line.slice(6)) as Record<string, unknown>);
  const text = chunks
    .filter(({ type }) => type === 'text-delta')
    .map(({ delta }) => delta)
    .join('');
  return { status: answer.status, chunks, text, body: answer.body };
}

export async function createSession(client: Client, body: object = {}): Promise<string> {
  const answer = await client.post('/api/v1/chat/sessions', body);
  if (answer.status !== 201) throw new Error(`session failed: ${answer.status} ${answer.text}`);
  return answer.body.id;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
