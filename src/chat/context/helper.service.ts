import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { Conversation } from './conversation';
import { mostForSummary } from './conversation-fit';
import { HelperQueue } from './helper-queue';
import { toText } from './message-text';
import { mostTokensOf } from './message-tokens';
import { SummaryService } from './summary.service';
import { TitleService } from './title.service';

/** A summary is refreshed when what was left out since is this share of the budget; one that failed is tried again later. */
const staleShare = 1 / 8;
const tryAgainAfterMs = 10 * 60_000;

/** What is done beside answers, once one has ended: titles and summaries. None of it is in the way of an answer. */
@Injectable()
export class HelperService {
  private readonly tried = new LRUCache<string, true>({ max: 20_000, ttl: tryAgainAfterMs });

  constructor(
    @Inject(HelperQueue) private readonly queue: HelperQueue,
    @Inject(TitleService) private readonly titles: TitleService,
    @Inject(SummaryService) private readonly summaries: SummaryService,
  ) {}

  /** However it ended, and where it said something. */
  answered(conversation: Conversation): void {
    this.considerTitle(conversation);
    this.considerSummary(conversation);
  }

  private considerTitle({ scope, place, history }: Conversation): void {
    if (history.some(({ role }) => role === 'assistant')) return; // not the first answer
    const question = toText(history[0]?.parts ?? []).slice(0, 4_000);
    this.queue.add({
      key: `title/${place.sessionId}`,
      teamId: scope.teamId,
      run: (signal) => this.titles.generate(scope, place, question, signal),
    });
  }

  private considerSummary(conversation: Conversation): void {
    const { scope, place, history, sent } = conversation;
    const first = sent && history[sent.start];
    const limit = (sent?.budget?.tokens ?? 0) * mostForSummary;
    if (!first || sent.start === 0 || this.tried.has(place.sessionId) || !isStale(conversation)) return;
    this.queue.add({
      key: `summary/${place.sessionId}`,
      teamId: scope.teamId,
      run: async (signal) => {
        this.tried.set(place.sessionId, true);
        if (await this.summaries.extend(scope, place, { before: first.id, limit }, signal))
          this.tried.delete(place.sessionId);
      },
    });
  }
}

/** Whether enough was left out that no summary tells. By bytes: a fourth of them are tokens, about. */
function isStale({ history, sent }: Conversation): boolean {
  if (!sent?.budget) return false;
  const untold = history.slice(sent.told + 1, sent.start);
  const tokens = untold.reduce((sum, message) => sum + mostTokensOf(message) / 4, 0);
  return tokens > sent.budget.tokens * staleShare;
}
