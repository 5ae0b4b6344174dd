/** Somebody who calls the API: with their session and, once they have one, in their team. */
export interface Caller {
  url: string;
  token?: string;
  teamId?: string;
}

/** A JSON body, read by field name: what is read is checked where it is used. */
// oxlint-disable-next-line typescript/no-explicit-any -- a client without generated types
export type Json = any;

/** Calls the API and gives the body. Throws an `Error` that names the call and what it answered, unless that is 2xx. */
export async function call(caller: Caller, method: string, path: string, body?: object): Promise<Json> {
  const response = await send(caller, method, path, body);
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}

/** Signs a new person up and gives them with their session token. */
export async function signUp(url: string, name: string, email: string): Promise<Caller> {
  const response = await send({ url }, 'POST', '/api/auth/sign-up/email', {
    name,
    email,
    password: 'change-me-please',
  });
  const token = response.headers.get('set-auth-token');
  if (!response.ok || !token)
    throw new Error(`Signing up answered ${response.status}: ${await response.text()}`);
  await response.arrayBuffer();
  return { url, token };
}

/** Makes a team and gives its owner in it. */
export async function createTeam(
  owner: Caller,
  name: string,
  slug: string,
): Promise<Caller & { teamId: string }> {
  const team = await call(owner, 'POST', '/api/auth/organization/create', { name, slug });
  return { ...owner, teamId: team.id };
}

/**
 * Sends a chat message and reads the answer as it streams: `onText` gets each piece of text when it arrives. Gives the
 * chunks of the UI message stream with the milliseconds at which they came.
 */
export async function chat(
  caller: Caller,
  sessionId: string,
  body: { text: string; modelId?: string },
  onText: (text: string) => void = () => undefined,
): Promise<{ text: string; pieces: number; firstTextMs: number; totalMs: number }> {
  const startedAt = performance.now();
  const response = await send(caller, 'POST', `/api/v1/chat/sessions/${sessionId}/messages`, body);
  if (!response.ok || !response.body)
    throw new Error(`The message was answered with ${response.status}: ${await response.text()}`);
  const answer = { text: '', pieces: 0, firstTextMs: 0, totalMs: 0 };
  for await (const chunk of readEvents(response.body)) {
    if (chunk.type === 'error') throw new Error(`The answer failed: ${chunk.errorText}`);
    if (chunk.type !== 'text-delta') continue;
    if (answer.pieces === 0) answer.firstTextMs = performance.now() - startedAt;
    answer.pieces += 1;
    answer.text += chunk.delta;
    onText(chunk.delta);
  }
  answer.totalMs = performance.now() - startedAt;
  return answer;
}

function send(
  { url, token, teamId }: Caller,
  method: string,
  path: string,
  body?: object,
): Promise<Response> {
  return fetch(`${url}${path}`, {
    method,
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(teamId ? { 'x-team-id': teamId } : {}),
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
}

/** The objects of a stream of server-sent events. */
async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<Json> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const bytes of body) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.startsWith('data: {')) yield JSON.parse(line.slice('data: '.length));
  }
}
