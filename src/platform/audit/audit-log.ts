import { Inject, Injectable } from '@nestjs/common';
import type { TeamId } from '@kdx/shared';
import type { TransactionManager } from '../database';
import { AnchorWriter } from './anchor-writer';
import type { AuditEntry, AuditEvent, AuditLink, AuditOrigin, UnlinkedEvent } from './audit-event';
import { AuditEventRepository, type AuditFilter } from './audit-event.repository';
import { toEvent } from './unlinked-event';

/** Who did what to what: a chain a team, and `instanceChain`. Changes of teams go through `TeamChanges`, which calls this. */
@Injectable()
export class AuditLog {
  constructor(
    @Inject(AuditEventRepository) private readonly events: AuditEventRepository,
    @Inject(AnchorWriter) private readonly anchors: AnchorWriter,
  ) {}

  /**
   * Records what was done inside the transaction that did it; call it last, since it holds the chain until the end of
   * that transaction. Hand what it answers to {@link committed} once it has ended.
   */
  append(
    chain: TeamId,
    manager: TransactionManager,
    origin: AuditOrigin,
    entries: AuditEntry[],
  ): Promise<AuditLink | undefined> {
    return this.events.append(
      chain,
      manager,
      entries.map((entry) => toEvent(origin, entry)),
    );
  }

  /** Anchors the new end of a chain. */
  committed(link: AuditLink | undefined): void {
    this.anchors.note(link);
  }

  /** Records what changed no row, in a transaction of its own. */
  async record(chain: TeamId, event: UnlinkedEvent): Promise<void> {
    this.committed(await this.events.appendAlone(chain, event));
  }

  /** Newest first. */
  list(chain: TeamId, filter: AuditFilter): Promise<AuditEvent[]> {
    return this.events.list(chain, filter);
  }
}
