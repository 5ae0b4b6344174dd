import type { LanguageModelV4CallOptions, LanguageModelV4StreamPart } from '@ai-sdk/provider';
import { AnswerRules } from './answer-rules';

const weather = { type: 'function', name: 'weather', inputSchema: {} } as const;

function verdict(parts: LanguageModelV4StreamPart[], call: Partial<LanguageModelV4CallOptions> = {}): string {
  const rules = new AnswerRules({ prompt: [], maxOutputTokens: 10, ...call });
  try {
    for (const part of parts) rules.check(part);
    return 'taken';
  } catch (error) {
    return error instanceof Error && 'reason' in error ? String(error.reason) : 'another error';
  }
}

const begun = (type: 'text' | 'reasoning', delta: string): LanguageModelV4StreamPart[] => [
  { type: `${type}-start`, id: '1' },
  { type: `${type}-delta`, id: '1', delta },
];
const call = (toolName: string, more: object = {}): LanguageModelV4StreamPart => ({
  type: 'tool-call',
  toolCallId: 'c',
  toolName,
  input: '{}',
  ...more,
});
const file = (
  data: { type: 'url'; url: URL } | { type: 'data'; data: string },
): LanguageModelV4StreamPart => ({
  type: 'file',
  mediaType: 'image/png',
  data,
});

describe('the rules of an answer', () => {
  it.each<[string, LanguageModelV4StreamPart[], Partial<LanguageModelV4CallOptions>]>([
    ['a tool where none was offered', [call('weather')], {}],
    ['another tool than was offered', [call('rm')], { tools: [weather] }],
    [
      'any tool where none may be called',
      [call('weather')],
      { tools: [weather], toolChoice: { type: 'none' } },
    ],
    ['the beginning of its input', [{ type: 'tool-input-start', id: 'c', toolName: 'rm' }], {}],
    ["a tool of the provider's own that nobody knows", [call('search', { providerExecuted: true })], {}],
  ])('refuse %s', (_, parts, options) => {
    expect(verdict(parts, options)).toBe('unofferedTool');
  });

  it.each<[string, LanguageModelV4StreamPart[]]>([
    ['text that never began', [{ type: 'text-delta', id: '1', delta: 'x' }]],
    ['thought that never began', [{ type: 'reasoning-delta', id: '1', delta: 'x' }]],
    [
      'text after its end',
      [...begun('text', 'x'), { type: 'text-end', id: '1' }, { type: 'text-end', id: '1' }],
    ],
    ['thought that ends as text', [...begun('reasoning', 'x'), { type: 'text-end', id: '1' }]],
    ['a question about no call', [{ type: 'tool-approval-request', approvalId: 'a', toolCallId: 'c' }]],
  ])('refuse %s', (_, parts) => {
    expect(verdict(parts)).toBe('strayPart');
  });

  it('refuse a file that the AI SDK would fetch past the egress guard', () => {
    expect(verdict([file({ type: 'url', url: new URL('http://169.254.169.254/') })])).toBe('remoteFile');
    expect(verdict([file({ type: 'data', data: 'aGk=' })])).toBe('taken');
  });

  it('refuse what is far longer than was allowed: text sooner than thought', () => {
    const allowed = (10 + 4_096) * 16;
    expect(verdict(begun('text', 'x'.repeat(allowed)))).toBe('taken');
    expect(verdict(begun('text', 'x'.repeat(allowed + 1)))).toBe('tooLong');
    expect(verdict(begun('reasoning', 'x'.repeat(allowed + 1)))).toBe('taken');
    expect(verdict(begun('reasoning', 'x'.repeat((10 + 131_072) * 16 + 1)))).toBe('tooLong');
  });

  it('take an ordinary answer, tools that were offered, and those that the provider describes itself', () => {
    const ended: LanguageModelV4StreamPart[] = [{ type: 'reasoning-end', id: '1' }];
    expect(verdict([...begun('reasoning', 'Hm.'), ...ended, ...begun('text', 'Yes.')])).toBe('taken');
    expect(verdict([call('weather')], { tools: [weather] })).toBe('taken');
    expect(verdict([call('search', { providerExecuted: true, dynamic: true })])).toBe('taken');
  });
});
