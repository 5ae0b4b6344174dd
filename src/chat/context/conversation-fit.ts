import { AppError } from '../../platform/errors';
import type { CandidateWindow, InputBudget } from '../../ai-studio';
import { toContextNote } from './context-note';
import type { EarlierContext } from './context.repository';
import type { ChatSummary } from './context.entities';
import { fitMessages, type SizedMessage } from './fit-messages';
import { countMessage, mostTokensOf, type CountedMessage } from './message-tokens';

/** A message of the branch that is sent. */
export interface BranchPart extends CountedMessage {
  role: 'user' | 'assistant' | 'system';
}

/** Whom a conversation is fitted to. */
export interface FitTarget {
  modelRef: string;
  window: Pick<
    CandidateWindow,
    'tokenizer' | 'holdsSurely' | 'estimateBudget' | 'countBudget' | 'getCounter'
  >;
}

/** What one candidate is sent of a conversation. */
export interface ConversationFit {
  /** Index of the first message that is sent. */
  start: number;
  budget: InputBudget | null;
  /** Stands for what is left out; `undefined` where nothing is, or where there is no room for it. */
  note: { text: string; tokens: number; summary: ChatSummary | undefined } | undefined;
  /** Index of the last message that a summary tells, be it too long to be sent here; -1 where there is none. */
  told: number;
}

/** A summary that takes more of the budget than this is not sent. */
export const mostForSummary = 1 / 4;

/** Counting is work of this process: others get their turn in between. */
const countForMs = 10;

/**
 * Fits a conversation to a candidate's window. `getEarlier` is asked only where it has to be cut. `undefined` where the
 * newest message alone does not fit.
 */
export async function fitConversation(
  history: readonly BranchPart[],
  { window, modelRef }: FitTarget,
  getEarlier: () => Promise<EarlierContext>,
): Promise<ConversationFit | undefined> {
  const bytes = history.reduce((sum, message) => sum + mostTokensOf(message), 0);
  if (window.holdsSurely(bytes))
    return { start: 0, budget: window.estimateBudget(), note: undefined, told: -1 };
  const budget = await window.countBudget();
  if (!budget) return { start: 0, budget, note: undefined, told: -1 };
  const counter = await window.getCounter();
  const sizes = await countNewest(
    history,
    budget.tokens,
    (message) => countMessage(message, window.tokenizer, counter).tokens,
  );
  const whole = fitMessages(sizes, { budget: budget.tokens, note: 0 });
  if (!whole || whole.start === 0) return whole && { start: 0, budget, note: undefined, told: -1 };

  const { summaries, contexts } = await getEarlier();
  const places = new Map(history.map(({ id }, index) => [id, index]));
  const notes = [undefined, ...summaries].flatMap((summary) => {
    const upTo = summary ? places.get(summary.upToMessageId) : -1;
    if (upTo === undefined) return []; // of another branch
    const text = toContextNote(summary?.text);
    const { tokens } = counter.count(text);
    return summary && tokens > budget.tokens * mostForSummary ? [] : [{ text, tokens, summary, upTo }];
  });
  const before = contexts.find((context) => context.modelRef === modelRef)?.firstMessageId;
  const fit = fitMessages(sizes, {
    budget: budget.tokens,
    note: Math.max(...notes.map(({ tokens }) => tokens)),
    before: before === undefined ? undefined : places.get(before),
  });
  if (!fit) return undefined;
  // The one that says most of what is left out, and nothing of what is sent.
  const [best] = notes.filter(({ upTo }) => upTo < fit.start).toSorted((a, b) => b.upTo - a.upTo);
  const told = summaries.flatMap(({ upToMessageId }) => places.get(upToMessageId) ?? []);
  return {
    start: fit.start,
    budget,
    note: fit.hasNote ? best : undefined,
    told: Math.max(-1, ...told.filter((upTo) => upTo < fit.start)),
  };
}

/** `VALIDATION_FAILED` for a message that fits none of the models, however little else is sent: by the one that lacks least. */
export function tooLong(misfits: { modelRef: string; limit: number; tokens: number }[]): AppError {
  const [closest] = misfits.toSorted((a, b) => a.tokens - a.limit - (b.tokens - b.limit));
  const { modelRef = '', limit = 0, tokens = 0 } = closest ?? {};
  const problem = `takes about ${tokens} tokens, and ${modelRef} has room for ${limit} beside its instructions and its answer: shorten it, choose a model with a larger context window, or let an admin lower maxOutputTokens of this one`;
  return new AppError('VALIDATION_FAILED', `The request does not fit: message ${problem}.`, {
    details: { fields: [{ field: 'message', problem }], tokens, limit, modelRef },
  });
}

/** Of the newest messages, as many as may fit; the others are `Infinity`. */
async function countNewest<M extends BranchPart>(
  history: readonly M[],
  limit: number,
  count: (message: M) => number,
): Promise<SizedMessage[]> {
  const sizes = history.map(({ role }): SizedMessage => ({ isUser: role === 'user', tokens: Infinity }));
  let sum = 0;
  let resumedAt = performance.now();
  for (let index = history.length - 1; index >= 0 && sum <= limit; index -= 1) {
    const [message, size] = [history[index], sizes[index]];
    if (!message || !size) break;
    size.tokens = count(message);
    sum += size.tokens;
    if (performance.now() - resumedAt < countForMs) continue;
    await new Promise((resolve) => setImmediate(resolve));
    resumedAt = performance.now();
  }
  return sizes;
}
