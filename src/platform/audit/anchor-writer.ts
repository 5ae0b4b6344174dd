import { appendFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { Database } from '../database';
import { ENV, type Env } from '../env';
import { makeDirectory } from '../files';
import { LOGGER, type Logger } from '../logging';
import { signAnchor, signTornLine } from './anchor';
import { readAnchorFile } from './anchor-file';
import type { AuditLink } from './audit-event';
import { AuditEventRepository } from './audit-event.repository';

/** Several commits of a moment become one line a chain. At most this long after the first of them. */
const coalesceMs = 250;
/** How often the ends of all chains are compared with the file, where other processes write to them. */
const catchUpMs = 15_000;

/**
 * Writes the ends of chains to a file outside the database, signed: soon after they are committed here, and at start and
 * every 15 seconds what another process committed and may not have lived to write. Never blocks or fails what was
 * committed: a line that cannot be written is an error in the log, and tried again with the next.
 */
@Injectable()
export class AnchorWriter implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  private waiting = new Map<string, AuditLink>();
  /** The last place of each chain that the file holds; `undefined` until the file has been read. */
  private written: Map<string, number> | undefined;
  /** The beginning of a line at the end of the file, of a process that ended while it wrote. */
  private torn = '';
  private timer: NodeJS.Timeout | undefined;
  private catchUpTimer: NodeJS.Timeout | undefined;
  private writing: Promise<void> = Promise.resolve();

  constructor(
    @Inject(ENV) private readonly env: Pick<Env, 'auditKey' | 'auditAnchorFile'>,
    @Inject(Database) private readonly database: Database,
    @Inject(AuditEventRepository) private readonly events: AuditEventRepository,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onModuleInit(): void {
    if (!this.env.auditKey)
      this.logger.warn(
        'AUDIT_KEY is not set: the audit log gets no anchors, so whoever can write to the database can rewrite it unseen. Set it (npm run keys:generate).',
      );
  }

  onApplicationBootstrap(): void {
    if (!this.env.auditKey) return;
    void this.catchUp();
    if (this.database.mode === 'embedded') return; // nobody else writes to it
    this.catchUpTimer = setInterval(() => void this.catchUp(), catchUpMs);
    this.catchUpTimer.unref();
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
    return this.inTurn(() => this.write());
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.catchUpTimer);
    await this.flush();
  }

  /** Writes what the file lacks. Never rejects. */
  private catchUp(): Promise<void> {
    return this.inTurn(async () => {
      const written = await this.read();
      for (const link of await this.events.listEnds())
        if (link.seq > (written.get(link.teamId) ?? 0)) this.keep(link);
      await this.write();
    });
  }

  /** One at a time. What fails is tried again with the next. */
  private inTurn(work: () => Promise<void>): Promise<void> {
    this.writing = this.writing.then(work).catch((error: unknown) => {
      this.written = undefined; // half a line may be in the file now
      this.logger.error({ err: error, chains: this.waiting.size }, 'audit anchors could not be written');
    });
    return this.writing;
  }

  private async write(): Promise<void> {
    const key = this.env.auditKey?.reveal();
    if (key === undefined || this.waiting.size === 0) return;
    const written = await this.read();
    const links = [...this.waiting.values()];
    const lines = links.map((link) => JSON.stringify(signAnchor(key, link)));
    if (this.torn) lines.unshift('', JSON.stringify(signTornLine(key, this.torn)));
    makeDirectory(dirname(this.env.auditAnchorFile));
    await appendFile(this.env.auditAnchorFile, `${lines.join('\n')}\n`, { mode: 0o600 });
    this.torn = '';
    for (const link of links) {
      written.set(link.teamId, link.seq);
      if (this.waiting.get(link.teamId) === link) this.waiting.delete(link.teamId);
    }
  }

  /** What the file holds already. A line at its end that was not finished is told once: the next write says so in the file. */
  private async read(): Promise<Map<string, number>> {
    if (this.written) return this.written;
    const { auditKey, auditAnchorFile } = this.env;
    const { anchors, rest } = await readAnchorFile(auditKey, auditAnchorFile);
    const written = new Map<string, number>();
    for (const { teamId, seq } of anchors) written.set(teamId, Math.max(seq, written.get(teamId) ?? 0));
    this.torn = rest;
    if (rest)
      this.logger.warn(
        { file: auditAnchorFile },
        'the last anchor of the audit log was not finished, since its process ended; the next line says so',
      );
    return (this.written = written);
  }

  /** Commits of one chain may be heard of out of order. */
  private keep(link: AuditLink): void {
    const known = this.waiting.get(link.teamId);
    if (!known || known.seq < link.seq) this.waiting.set(link.teamId, link);
  }
}
