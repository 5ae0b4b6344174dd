import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { TeamId } from '@kdx/shared';
import { logError, toAppError } from '../../platform/errors';
import { LOGGER, type Logger } from '../../platform/logging';
import { Metrics } from '../../platform/metrics';
import { TeamDeletions } from '../../platform/tenancy';
import { RunningAnswers } from '../answers/running-answers';

/** Work beside answers that may be lost: a title, a summary. */
export interface HelperJob {
  /** One at a time of the same: a second is not taken while the first waits or runs. */
  key: string;
  teamId: TeamId;
  run: (signal: AbortSignal) => Promise<void>;
}

const atOnce = 2;
const mostWaiting = 500;
/** With so many answers running, nothing beside them begins. */
const busyAt = 8;
const lookAgainMs = 500;
const timeLimitMs = 60_000;

/** Runs helper jobs in the background, few at once, when answers leave room. A failure is logged and seen by nobody else. */
@Injectable()
export class HelperQueue implements BeforeApplicationShutdown {
  private readonly waiting = new Map<string, HelperJob>();
  private readonly running = new Map<
    string,
    { teamId: TeamId; abort: AbortController; done: Promise<void> }
  >();
  private timer: NodeJS.Timeout | undefined;
  private isClosed = false;

  constructor(
    @Inject(RunningAnswers) private readonly answers: RunningAnswers,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(TeamDeletions) deletions: TeamDeletions,
    @Inject(Metrics) metrics: Metrics,
  ) {
    metrics.gauge(
      'ai_studio_helper_jobs',
      'Titles and summaries that wait or are being made.',
      () => this.size,
    );
    deletions.subscribe((teamId) => {
      if (teamId) this.drop(teamId);
    });
  }

  /** Jobs that wait or run. */
  get size(): number {
    return this.waiting.size + this.running.size;
  }

  /** Beyond what it holds a job is not taken: what it would make is asked for again after a later answer, or done without. */
  add(job: HelperJob): void {
    if (this.isClosed || this.waiting.size >= mostWaiting) return;
    if (this.waiting.has(job.key) || this.running.has(job.key)) return;
    this.waiting.set(job.key, job);
    this.next();
  }

  /** Abandons all of it at once: none of it is worth a restart's time. */
  async beforeApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.timer);
    this.waiting.clear();
    for (const { abort } of this.running.values()) abort.abort();
    await Promise.all([...this.running.values()].map(({ done }) => done));
  }

  private next(): void {
    if (this.isClosed || this.running.size >= atOnce) return;
    const [job] = this.waiting.values();
    if (!job) return;
    if (this.answers.all().length >= busyAt) return this.lookAgain();
    this.waiting.delete(job.key);
    const abort = new AbortController();
    const signal = AbortSignal.any([abort.signal, AbortSignal.timeout(timeLimitMs)]);
    const done = job
      .run(signal)
      .catch((error: unknown) => this.report(error, job, abort.signal))
      .finally(() => {
        this.running.delete(job.key);
        this.next();
      });
    this.running.set(job.key, { teamId: job.teamId, abort, done });
    this.next();
  }

  private lookAgain(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.next(), lookAgainMs);
    this.timer.unref();
  }

  private drop(teamId: TeamId): void {
    for (const job of this.waiting.values()) if (job.teamId === teamId) this.waiting.delete(job.key);
    for (const job of this.running.values()) if (job.teamId === teamId) job.abort.abort();
  }

  private report(error: unknown, { key, teamId }: HelperJob, abandoned: AbortSignal): void {
    const isTimeout = error instanceof Error && error.name === 'TimeoutError';
    if (abandoned.aborted) this.logger.debug({ job: key, teamId }, 'work beside answers was abandoned');
    else if (isTimeout)
      this.logger.warn({ job: key, teamId, timeLimitMs }, 'work beside answers took too long');
    else logError(this.logger, toAppError(error), { job: key, teamId });
  }
}
