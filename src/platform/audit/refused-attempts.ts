import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { TeamId } from '@kdx/shared';
import { LOGGER, type Logger } from '../logging';
import { Metrics, type Count } from '../metrics';
import type { AuditOrigin, RefusedEntry } from './audit-event';
import { AuditLog } from './audit-log';
import { toRefusal } from './unlinked-event';

/** Refused attempts of one person that are recorded in a window; of the others, how many there were. */
const recordedPerWindow = 20;
const windowMs = 60_000;

interface Window {
  recorded: number;
  omitted: number;
  /** Writes how many were left out. */
  close: () => Promise<void>;
}

/**
 * Records attempts that were refused, each in a transaction of its own, and bounds them: nobody can fill the log. Never
 * rejects, since the refusal is the answer either way: what cannot be recorded is an error in the log.
 */
@Injectable()
export class RefusedAttempts implements BeforeApplicationShutdown {
  private readonly windows = new LRUCache<string, Window>({
    max: 10_000,
    dispose: (window) => void window.close(),
  });
  private readonly count: Count<'code'>;

  constructor(
    @Inject(AuditLog) private readonly log: AuditLog,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(Metrics) metrics: Metrics,
  ) {
    this.count = metrics.counter(
      'ai_studio_refused_attempts_total',
      'Attempts of people who are signed in that were refused, those that the audit log only counts included.',
      ['code'],
    );
  }

  /** @param who counts together: whoever tries, or is tried to be */
  async record(chain: TeamId, who: string, origin: AuditOrigin, entry: RefusedEntry): Promise<void> {
    this.count({ code: entry.code });
    const window = this.windowOf(chain, who, origin, entry);
    if (window.recorded >= recordedPerWindow) {
      window.omitted += 1;
      return;
    }
    window.recorded += 1;
    await this.write(chain, origin, entry);
  }

  async beforeApplicationShutdown(): Promise<void> {
    const open = [...this.windows.values()];
    await Promise.all(open.map((window) => window.close()));
    this.windows.clear();
  }

  private windowOf(chain: TeamId, who: string, origin: AuditOrigin, entry: RefusedEntry): Window {
    const key = `${chain}/${who}`;
    const known = this.windows.get(key);
    if (known) return known;
    const timer = setTimeout(() => this.windows.delete(key), windowMs); // disposes, and so closes
    timer.unref();
    const window: Window = {
      recorded: 0,
      omitted: 0,
      close: async () => {
        clearTimeout(timer);
        const { omitted } = window;
        window.omitted = 0;
        if (omitted > 0)
          await this.write(chain, { ...origin, request: undefined }, toSummary(entry, omitted));
      },
    };
    this.windows.set(key, window);
    return window;
  }

  private async write(chain: TeamId, origin: AuditOrigin, entry: RefusedEntry): Promise<void> {
    try {
      await this.log.record(chain, toRefusal(origin, entry));
    } catch (error) {
      const { action, code } = entry;
      this.logger.error({ err: error, chain, action, code }, 'a refused attempt could not be recorded');
    }
  }
}

function toSummary({ code }: RefusedEntry, omitted: number): RefusedEntry {
  return { action: 'refusals.omit', target: { type: 'refusals', id: null }, code, omitted };
}
