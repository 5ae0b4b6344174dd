import { closeAll, post, start } from './spec-http';

afterEach(closeAll);

describe('streams', () => {
  const openai = { model: 'm', stream: true, messages: [{ role: 'user', content: 'hi' }] };

  it('openai chat reports usage in a chunk without choices, and only if asked', async () => {
    const server = await start('openai');
    const silent = await (await post(server, '/chat/completions', openai)).text();
    expect(silent).not.toContain('usage');
    const body = { ...openai, stream_options: { include_usage: true } };
    const told = await (await post(server, '/chat/completions', body)).text();
    expect(told).toMatch(/"choices":\[\],"usage":\{"prompt_tokens":12.*\}\n\ndata: \[DONE\]\n\n$/);
  });

  it('openai responses numbers its events', async () => {
    const response = await post(await start('openai'), '/responses', {
      model: 'm',
      stream: true,
      input: 'hi',
    });
    const text = await response.text();
    expect([...text.matchAll(/^event: (.+)$/gm)].map((match) => match[1])).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    const numbers = [...text.matchAll(/"sequence_number":(\d+)/g)].map((match) => Number(match[1]));
    expect(numbers).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('anthropic names its events', async () => {
    const body = { ...openai, max_tokens: 10 };
    const text = await (await post(await start('anthropic'), '/messages', body)).text();
    expect([...text.matchAll(/^event: (.+)$/gm)].map((match) => match[1])).toEqual([
      'message_start',
      'content_block_start',
      'ping',
      'content_block_delta',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
  });

  it('google sends whole responses, the finish reason in the last', async () => {
    const body = { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] };
    const server = await start('google');
    const text = await (await post(server, '/models/m:streamGenerateContent?alt=sse', body)).text();
    const chunks = text.trim().split('\n\n');
    expect(chunks).toHaveLength(3);
    expect(chunks.map((chunk) => chunk.includes('"finishReason":"STOP"'))).toEqual([false, false, true]);
    expect(server.requests[0]?.path).toBe('/v1beta/models/m:streamGenerateContent?alt=sse');
  });
});

describe('closing', () => {
  it('ends answers under way, and no request takes it for an abort of the client', async () => {
    const server = await start('openai');
    server.always({ hang: true });
    const failed = post(server, '/responses', { model: 'm', input: 'hi' }).then(
      () => 'answered',
      () => 'failed',
    );
    while (server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await server.close();
    expect(await failed).toBe('failed');
    const aborted = server.requests[0]?.aborted.then(() => 'aborted');
    expect(await Promise.race([aborted, new Promise((resolve) => setTimeout(resolve, 20, 'pending'))])).toBe(
      'pending',
    );
  });
});
