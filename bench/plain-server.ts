/*
 * What somebody would write without AI Studio: a server that asks a model with the AI SDK and streams the answer. It knows
 * nobody, stores nothing and forgets an answer whose reader goes. Its provider's base URL is the argument; it tells its
 * parent where it listens.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { pipeUIMessageStreamToResponse, streamText, toUIMessageStream } from 'ai';

const [, , baseURL = ''] = process.argv;
const model = createOpenAICompatible({
  name: 'local',
  baseURL,
  apiKey: 'sk-bench',
  includeUsage: true,
})('small');

const server = createServer((request, response) => {
  request.resume();
  request.once('end', () => {
    const { stream } = streamText({ model, prompt: 'Go', maxOutputTokens: 8_192, maxRetries: 0 });
    pipeUIMessageStreamToResponse({ response, stream: toUIMessageStream({ stream }) });
  });
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port)); // it listens on a port
process.once('disconnect', () => process.exit(0));
