import { generateText, type ModelMessage, streamText } from 'ai';
import { asking, model, readAll } from './sandbox.spec-support';

describe('echo', () => {
  it('shows each layer in order and the settings that were sent, through streamText', async () => {
    const result = streamText({
      model,
      maxRetries: 0,
      instructions: 'You are kind.',
      temperature: 0.3,
      topP: 0.9,
      topK: 4,
      maxOutputTokens: 500,
      seed: 7,
      presencePenalty: 0.1,
      frequencyPenalty: 0.2,
      reasoning: 'low',
      stopSequences: ['\n\n\n'],
      prompt: 'Hello, world!\n/sandbox tokensPerSecond=0',
    });
    expect(await result.text).toBe(
      [
        '## system',
        'You are kind.',
        '## user',
        'Hello, world!\n/sandbox tokensPerSecond=0',
        '## settings',
        [
          '- temperature: 0.3',
          '- topP: 0.9',
          '- topK: 4',
          '- maxOutputTokens: 500',
          '- seed: 7',
          '- presencePenalty: 0.1',
          '- frequencyPenalty: 0.2',
          '- reasoning: "low"',
          '- stopSequences: ["\\n\\n\\n"]',
        ].join('\n'),
      ].join('\n\n'),
    );
    expect(await result.finishReason).toBe('stop');
  });

  it('shows only the settings that were sent', async () => {
    const { text } = await generateText({ model, maxRetries: 0, prompt: 'hi' });
    expect(text).toBe('## user\n\nhi\n\n## settings\n\n(none sent)');
  });

  it('never shows headers', async () => {
    const { text } = await generateText({
      model,
      maxRetries: 0,
      prompt: 'hi',
      headers: { 'x-key': 'k-123' },
    });
    expect(text).not.toContain('k-123');
  });

  it('names every part that is not text', async () => {
    const { content } = await model.doGenerate({
      prompt: [
        { role: 'user', content: [{ type: 'text', text: 'look' }] },
        {
          role: 'assistant',
          content: [
            { type: 'reasoning', text: 'hm' },
            { type: 'tool-call', toolCallId: '1', toolName: 'weather', input: { city: 'Oslo' } },
          ],
        },
        {
          role: 'tool',
          content: [
            {
              type: 'tool-result',
              toolCallId: '1',
              toolName: 'weather',
              output: { type: 'json', value: { c: 4 } },
            },
            { type: 'tool-approval-response', approvalId: 'a', approved: false, reason: 'no' },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'file', mediaType: 'image/png', data: { type: 'data', data: new Uint8Array(1234) } },
            { type: 'file', mediaType: 'image/png', data: { type: 'data', data: 'AAAA' }, filename: 'a.png' },
            { type: 'file', mediaType: 'text/plain', data: { type: 'text', text: 'é' } },
            { type: 'file', mediaType: 'image', data: { type: 'url', url: new URL('https://a.test/b.png') } },
            { type: 'file', mediaType: 'image', data: { type: 'reference', reference: { sandbox: 'f1' } } },
          ],
        },
      ],
    });
    const text = content[0]?.type === 'text' ? content[0].text : '';
    expect(text.split('\n').filter((line) => line.startsWith('['))).toEqual([
      '[reasoning] hm',
      '[tool-call weather {"city":"Oslo"}]',
      '[tool-result weather {"c":4}]',
      '[tool-approval-response denied "no"]',
      '[file image/png, 1234 bytes]',
      '[file image/png, 3 bytes, "a.png"]',
      '[file text/plain, 2 bytes]',
      '[file image, https://a.test/b.png]',
      '[file image, reference {"sandbox":"f1"}]',
    ]);
  });

  it('downloads nothing: a URL reaches the model as it is', async () => {
    const { text } = await generateText({
      model,
      maxRetries: 0,
      messages: [
        {
          role: 'user',
          content: [{ type: 'file', mediaType: 'image/png', data: new URL('http://169.254.169.254/x.png') }],
        },
      ],
    });
    expect(text).toContain('[file image/png, http://169.254.169.254/x.png]');
  });

  it('abbreviates earlier turns, never a system message or the last user message', async () => {
    const long = `${'x'.repeat(199)}😀${'y'.repeat(100)}`;
    const { content } = await model.doGenerate({
      prompt: [
        { role: 'system', content: long },
        { role: 'user', content: [{ type: 'text', text: long }] },
        { role: 'assistant', content: [{ type: 'text', text: long }] },
        { role: 'user', content: [{ type: 'text', text: `${long}!` }] },
      ],
    });
    const short = `${'x'.repeat(199)}… (102 more characters)`;
    expect(content).toEqual([
      {
        type: 'text',
        text:
          [`## system`, long, '## user', short, '## assistant', short, '## user', `${long}!`].join('\n\n') +
          '\n\n## settings\n\n(none sent)',
      },
    ]);
  });

  it('does not grow exponentially over forty turns', async () => {
    const messages: ModelMessage[] = [];
    for (let turn = 0; turn < 40; turn += 1) {
      messages.push({ role: 'user', content: `Turn ${turn}` });
      const { text } = await generateText({ model, maxRetries: 0, messages });
      messages.push({ role: 'assistant', content: text });
    }
    expect(String(messages.at(-1)?.content).length).toBeLessThan(40 * 500);
  });

  it('says that it cannot call tools or promise JSON', async () => {
    const [start] = await readAll(
      asking('hi', undefined, {
        tools: [{ type: 'function', name: 'weather', inputSchema: { type: 'object' } }],
        responseFormat: { type: 'json' },
      }),
    );
    expect(start).toMatchObject({
      type: 'stream-start',
      warnings: [
        { type: 'unsupported', feature: 'tools' },
        { type: 'unsupported', feature: 'responseFormat' },
      ],
    });
  });
});
