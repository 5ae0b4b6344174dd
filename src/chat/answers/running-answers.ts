import { Inject, Injectable } from '@nestjs/common';
import type { Scope } from '@kdx/shared';
import { Metrics } from '../../platform/metrics';
import { RunningAnswer } from './running-answer';

/** The answers that this process is giving now, by conversation: one a conversation. */
@Injectable()
export class RunningAnswers {
  private readonly answers = new Map<string, RunningAnswer>();

  constructor(@Inject(Metrics) metrics: Metrics) {
    metrics.gauge(
      'ai_studio_answers_running',
      'Answers that this process is giving now.',
      () => this.answers.size,
    );
  }

  /** It is forgotten when it is done. */
  add(scope: Scope, sessionId: string, messageId: string): RunningAnswer {
    const key = keyOf(scope, sessionId);
    const answer = new RunningAnswer(messageId);
    this.answers.set(key, answer);
    void answer.done.then(() => {
      if (this.answers.get(key) === answer) this.answers.delete(key);
    });
    return answer;
  }

  /** Only where it is the caller's own. */
  find(scope: Scope, sessionId: string): RunningAnswer | undefined {
    return this.answers.get(keyOf(scope, sessionId));
  }

  findByMessage(messageId: string): RunningAnswer | undefined {
    return this.all().find((answer) => answer.messageId === messageId);
  }

  all(): RunningAnswer[] {
    return [...this.answers.values()];
  }
}

function keyOf({ teamId, userId }: Scope, sessionId: string): string {
  return `${teamId}/${userId}/${sessionId}`;
}
