import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** A local server that speaks the OpenAI wire protocol (chat completions), as an Ollama or a vLLM would. */
export interface OpenAiServer {
  /** For the base URL of a provider. */
  baseUrl: string;
  host: string;
  /** The authorization header and body of each call, in order. */
  calls: { authorization: string | undefined; body: ChatRequest }[];
  stop(): Promise<void>;
}

interface ChatRequest {
  model: string;
  messages: { role: string; content: unknown }[];
  stream?: boolean;
  stream_options?: { include_usage?: boolean };
}

interface Options {
  /** What it answers, in the pieces in which it streams them. */
  answer: string[];
  /** Milliseconds before each piece; 0 sends all at once. */
  pauseMs: number;
  /** Whether calls are kept in `calls`. Default true. */
  keepCalls?: boolean;
}

/** Starts it on a free loopback port. Shapes: https://platform.openai.com/docs/api-reference/chat */
export async function startOpenAiServer({
  answer,
  pauseMs,
  keepCalls = true,
}: Options): Promise<OpenAiServer> {
  const calls: OpenAiServer['calls'] = [];
  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET' && request.url === '/v1/models')
      return sendJson(response, 200, { object: 'list', data: [] });
    if (request.method !== 'POST' || request.url !== '/v1/chat/completions') {
      return sendJson(response, 404, { error: { message: 'Not found', type: 'invalid_request_error' } });
    }
    const body = JSON.parse(await readText(request)) as ChatRequest; // from the AI SDK; a wrong shape fails the call
    if (keepCalls) calls.push({ authorization: request.headers.authorization, body });
    const usage = toUsage(body, answer);
    const shared = {
      id: `chatcmpl-${calls.length}`,
      created: Math.floor(Date.now() / 1000),
      model: body.model,
    };
    if (!body.stream) {
      const message = { role: 'assistant', content: answer.join('') };
      return sendJson(response, 200, {
        ...shared,
        object: 'chat.completion',
        choices: [{ index: 0, message, finish_reason: 'stop' }],
        usage,
      });
    }
    const send = (choices: object[], rest: object = {}) =>
      response.write(
        `data: ${JSON.stringify({ ...shared, object: 'chat.completion.chunk', choices, ...rest })}\n\n`,
      );
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    send([{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }]);
    for (const content of answer) {
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      send([{ index: 0, delta: { content }, finish_reason: null }]);
    }
    send([{ index: 0, delta: {}, finish_reason: 'stop' }]);
    if (body.stream_options?.include_usage) send([], { usage });
    response.end('data: [DONE]\n\n');
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('No port is free.');
  const host = `127.0.0.1:${address.port}`;
  return {
    baseUrl: `http://${host}/v1`,
    host,
    calls,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function readText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer); // a request stream without an encoding gives buffers
  return Buffer.concat(chunks).toString();
}

/** One token a piece of the answer, one for four characters of the prompt: enough to be counted. */
function toUsage({ messages }: ChatRequest, answer: string[]): object {
  const prompt = Math.ceil(JSON.stringify(messages).length / 4);
  return { prompt_tokens: prompt, completion_tokens: answer.length, total_tokens: prompt + answer.length };
}
