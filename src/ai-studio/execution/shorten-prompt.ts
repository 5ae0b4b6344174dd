import type { LanguageModelV4Prompt } from '@ai-sdk/provider';

/** How much of a conversation a candidate is sent. */
export interface SentShare {
  /** The last so many user messages, with all that follows each. 1 at least; instructions are always sent. */
  turns: number;
  /** Stands in front of the first of these messages, as part of it: for what is left out. */
  note?: string | undefined;
}

/** A call's messages without the oldest turns. Instructions stay. */
export function shortenPrompt(
  prompt: LanguageModelV4Prompt,
  { turns, note }: SentShare,
): LanguageModelV4Prompt {
  const users = prompt.flatMap(({ role }, index) => (role === 'user' ? [index] : []));
  const first = users.at(-Math.max(turns, 1));
  if (first === undefined || (first === users[0] && note === undefined)) return prompt;
  return prompt.flatMap((message, index): LanguageModelV4Prompt => {
    if (message.role === 'system') return [message];
    if (index < first) return [];
    if (index > first || message.role !== 'user' || note === undefined) return [message];
    return [{ ...message, content: [{ type: 'text', text: note }, ...message.content] }];
  });
}
