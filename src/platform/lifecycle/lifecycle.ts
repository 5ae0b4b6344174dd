import { Injectable } from '@nestjs/common';
import { AppError } from '../errors';

const retryAfterSeconds = 5;

/** Whether this process takes new work. */
@Injectable()
export class Lifecycle {
  private stopping = false;

  get isStopping(): boolean {
    return this.stopping;
  }

  /** From now on the process is not ready and refuses new work; what runs goes on until it is drained. */
  startStopping(): void {
    this.stopping = true;
  }

  /** Throws `SHUTTING_DOWN` once stopping has begun. */
  assertTakesWork(): void {
    if (!this.stopping) return;
    throw new AppError('SHUTTING_DOWN', 'This server is being restarted. Try again in a few seconds.', {
      retryAfterSeconds,
    });
  }
}
