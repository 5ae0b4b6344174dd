import { appendFile, mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Inject, Injectable, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { ENV, type Env } from '../env';
import { LOGGER, type Logger } from '../logging';
import { signAnchor } from './anchor';
import type { AuditLink } from './audit-event';

/** Several commits of a moment become one line a chain. At most this long after the first of them. */
const coalesceMs = 250;

/**
 * Writes the ends of chains to a file outside the database, signed, soon after they are committed. Never blocks or
 * fails what was committed: a line that cannot be written is an error in the log, and tried again with the next.
 */
@Injectable()
export class AnchorWriter implements OnModuleInit, BeforeApplicationShutdown {
  private waiting = new Map<string, AuditLink>();
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    @Inject(ENV) private readonly env: Env,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    if (!this.env.auditKey)
      this.logger.warn(
        'AUDIT_KEY is not set: the audit log gets no anchors, so whoever can write to the database can rewrite it unseen. Set it (npm run keys:generate).',
      );
  }

  /** The end of a chain that was just committed. */
  note(link: AuditLink | undefined): void {
    if (!link || !this.env.auditKey) return;
    this.keep(link);
    this.timer ??= setTimeout(() => void this.flush(), coalesceMs);
  }

  /** Writes what waits. Never rejects. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.writing = this.writing.then(() => this.write());
    return this.writing;
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.flush();
  }

  private async write(): Promise<void> {
    const key = this.env.auditKey?.reveal();
    if (key === undefined || this.waiting.size === 0) return;
    const links = [...this.waiting.values()];
    this.waiting = new Map();
    try {
      await mkdir(dirname(this.env.auditAnchorFile), { recursive: true, mode: 0o700 });
      const lines = links.map((link) => `${JSON.stringify(signAnchor(key, link))}\n`);
      await appendFile(this.env.auditAnchorFile, lines.join(''), { mode: 0o600 });
    } catch (error) {
      links.forEach((link) => this.keep(link));
      this.logger.error({ err: error, chains: links.length }, 'audit anchors could not be written');
    }
  }

  /** Commits of one chain may be heard of out of order. */
  private keep(link: AuditLink): void {
    const known = this.waiting.get(link.teamId);
    if (!known || known.seq < link.seq) this.waiting.set(link.teamId, link);
  }
}
