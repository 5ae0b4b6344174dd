/** A message as fitting sees it. */
export interface SizedMessage {
  /** A turn begins with a user's message, and ends before the next: what answers it, tool calls and results, goes with it. */
  isUser: boolean;
  /** `Infinity` for one so old that nobody counted it: it does not fit. */
  tokens: number;
}

export interface FitOptions {
  /** Tokens that the messages may take. */
  budget: number;
  /** Tokens of the note that stands for what is left out; it is left out too where it leaves no room. */
  note: number;
  /** Where the last call began: kept as long as it fits, so that a provider's prompt cache holds. */
  before?: number | undefined;
}

/** Which messages are sent: all from `start` on. */
export interface Fit {
  start: number;
  /** Of these messages and the note. */
  tokens: number;
  hasNote: boolean;
}

/** A conversation that has to be cut is cut to this share of the budget, so that the next cut is a while away. */
const shareAfterCut = 3 / 4;

/**
 * Fits a conversation, oldest message first, into a budget: whole where it fits, else without its oldest turns. The last
 * turn is never left out: `undefined` where it alone does not fit. Linear in the number of messages.
 */
export function fitMessages(messages: readonly SizedMessage[], options: FitOptions): Fit | undefined {
  const { budget, note, before } = options;
  const turns = toTurns(messages);
  const last = turns.at(-1);
  if (!last) return { start: 0, tokens: 0, hasNote: false };
  if (last.tokens > budget) return undefined;
  const [whole] = turns;
  if (whole && whole.tokens <= budget) return { ...whole, hasNote: false };
  const isRoom = ({ tokens }: Turn, limit: number) => tokens + note <= limit;
  const kept = turns.find(({ start }) => start === before && start > 0);
  if (kept && isRoom(kept, budget)) return withNote(kept, note);
  const cut = turns.find((turn) => isRoom(turn, budget * shareAfterCut)) ?? last;
  return isRoom(cut, budget) ? withNote(cut, note) : { ...cut, hasNote: false };
}

interface Turn {
  start: number;
  /** Of it and all that follow. */
  tokens: number;
}

function withNote({ start, tokens }: Turn, note: number): Fit {
  return { start, tokens: tokens + note, hasNote: true };
}

/** Each place where a conversation may begin. What stands before the first user's message belongs to the first turn. */
function toTurns(messages: readonly SizedMessage[]): Turn[] {
  const turns: Turn[] = [];
  const first = Math.max(
    messages.findIndex(({ isUser }) => isUser),
    0,
  );
  let tokens = 0;
  for (let start = messages.length - 1; start >= 0; start -= 1) {
    const message = messages[start];
    tokens += message?.tokens ?? 0;
    if (start === 0 || (message?.isUser && start > first)) turns.push({ start, tokens });
  }
  return turns.reverse();
}
