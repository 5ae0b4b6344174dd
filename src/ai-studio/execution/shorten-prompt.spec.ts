import type { LanguageModelV4Prompt } from '@ai-sdk/provider';
import { shortenPrompt } from './shorten-prompt';

const user = (text: string) => ({ role: 'user' as const, content: [{ type: 'text' as const, text }] });
const prompt: LanguageModelV4Prompt = [
  { role: 'system', content: 'Rules' },
  user('one'),
  { role: 'assistant', content: [{ type: 'tool-call', toolCallId: 'c', toolName: 't', input: {} }] },
  {
    role: 'tool',
    content: [{ type: 'tool-result', toolCallId: 'c', toolName: 't', output: { type: 'text', value: 'r' } }],
  },
  { role: 'assistant', content: [{ type: 'text', text: 'first' }] },
  user('two'),
  { role: 'assistant', content: [{ type: 'text', text: 'second' }] },
  user('three'),
];

describe('a shortened prompt', () => {
  it('keeps the instructions, and leaves a tool call out with its result', () => {
    expect(shortenPrompt(prompt, { turns: 2 })).toEqual([prompt[0], ...prompt.slice(5)]);
    expect(shortenPrompt(prompt, { turns: 1 })).toEqual([prompt[0], prompt[7]]);
  });

  it('never leaves out the newest message, and is all of it where there are no more turns', () => {
    expect(shortenPrompt(prompt, { turns: 0 })).toEqual([prompt[0], prompt[7]]);
    expect(shortenPrompt(prompt, { turns: 3 })).toBe(prompt);
    expect(shortenPrompt(prompt, { turns: 99, note: 'left out' })).toBe(prompt);
  });

  it('has its note in front of the first message, in the same role and message', () => {
    const [, first] = shortenPrompt(prompt, { turns: 2, note: 'left out. ' });
    expect(first).toEqual({
      role: 'user',
      content: [
        { type: 'text', text: 'left out. ' },
        { type: 'text', text: 'two' },
      ],
    });
    expect(shortenPrompt(prompt, { turns: 3, note: 'left out. ' })).toHaveLength(prompt.length);
  });
});
