import type { ChatSummary } from './context.entities';
import type { EarlierContext } from './context.repository';
import { fitConversation, type BranchPart, type FitTarget } from './conversation-fit';

/** A token a character; a window of so many tokens, all of it for messages. */
const target = (tokens: number): FitTarget => {
  const budget = {
    contextWindow: tokens,
    systemTokens: 0,
    maxOutputTokens: 0,
    margin: 0,
    tokens,
    estimated: false,
  };
  return {
    modelRef: 'p/m',
    window: {
      tokenizer: 'none',
      holdsSurely: () => false,
      estimateBudget: () => budget,
      countBudget: () => Promise.resolve(budget),
      getCounter: () =>
        Promise.resolve({ count: (text: string) => ({ tokens: text.length, estimated: false }) }),
    },
  };
};

let conversations = 0;
/** Messages of a hundred tokens each, frame included, that ends with a question. */
const talk = (length: number): BranchPart[] => {
  conversations += 1;
  return Array.from({ length }, (_, index) => ({
    id: `${conversations}-${index}`,
    role: index % 2 === 0 ? 'user' : 'assistant',
    parts: [{ type: 'text', text: 'x'.repeat(96) }],
  }));
};

const summary = (upTo: string, text: string): ChatSummary => ({
  teamId: 't',
  id: text,
  userId: 'u',
  sessionId: 's',
  upToMessageId: upTo,
  text,
  tokens: text.length,
  modelRef: 'p/helper',
  executionId: 'e',
  createdAt: new Date(),
});

const nothing: EarlierContext = { summaries: [], contexts: [] };

describe('fitting a conversation to a candidate', () => {
  it('asks for what was before only where something has to be left out', async () => {
    const getEarlier = jest.fn(() => Promise.resolve(nothing));
    expect(await fitConversation(talk(9), target(900), getEarlier)).toMatchObject({
      start: 0,
      note: undefined,
    });
    expect(await fitConversation(talk(1), target(99), getEarlier)).toBeUndefined();
    expect(getEarlier).not.toHaveBeenCalled();
    expect(await fitConversation(talk(11), target(1_000), getEarlier)).toMatchObject({ start: 6 });
    expect(getEarlier).toHaveBeenCalledTimes(1);
  });

  it('takes the summary that says most of what is left out, and none of a branch that was left', async () => {
    const history = talk(101);
    const id = (index: number) => history[index]!.id;
    const summaries = [
      summary('elsewhere', 'of another branch'),
      summary(id(99), 'of what is sent'),
      summary(id(59), 'the best'),
      summary(id(19), 'an old one'),
    ];
    const fit = await fitConversation(history, target(4_000), () =>
      Promise.resolve({ ...nothing, summaries }),
    );
    expect(fit?.start).toBeGreaterThan(60);
    expect(fit?.note?.summary?.text).toBe('the best');
    const none = await fitConversation(history, target(4_000), () =>
      Promise.resolve({ ...nothing, summaries: summaries.slice(0, 1) }),
    );
    expect(none?.note).toMatchObject({ summary: undefined, text: expect.stringContaining('left out') });
  });

  it('takes no summary that is more than a quarter of the budget', async () => {
    const history = talk(31);
    const summaries = [summary(history[1]!.id, 'long '.repeat(200))];
    const fit = await fitConversation(history, target(2_000), () =>
      Promise.resolve({ ...nothing, summaries }),
    );
    expect(fit?.note?.summary).toBeUndefined();
  });

  it('does not look at pairs of messages: ten thousand are fitted at once, when they are counted', async () => {
    const history = talk(10_001);
    const fit = () => fitConversation(history, target(600_000), () => Promise.resolve(nothing));
    await fit();
    const startedAt = performance.now();
    for (let n = 0; n < 10; n += 1) await fit();
    expect((performance.now() - startedAt) / 10).toBeLessThan(500); // milliseconds on a busy machine; what looks at pairs of messages takes seconds
  });
});
