import { Inject, Injectable } from '@nestjs/common';
import type { TeamId } from '@kdx/shared';
import {
  AcrossTeams,
  PlatformTransaction,
  TeamTransaction,
  type TransactionManager,
  type TransactionWork,
} from '../database';
import { instanceChain, type AuditEvent, type AuditLink, type UnlinkedEvent } from './audit-event';
import { AuditEventRow } from './audit-event.entity';
import { toJson } from './unlinked-event';

/** What to list of a chain. Times are ISO 8601 in UTC; `from` is included, `to` is not; `before` is a place in the chain. */
export interface AuditFilter {
  action?: string | undefined;
  outcome?: AuditEvent['outcome'] | undefined;
  actorId?: string | undefined;
  targetType?: string | undefined;
  targetId?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
  before?: number | undefined;
  limit: number;
}

/** The chains. Every method takes the chain first: a team's id, or `instanceChain`. */
@Injectable()
export class AuditEventRepository {
  constructor(
    @Inject(TeamTransaction) private readonly team: TeamTransaction,
    @Inject(PlatformTransaction) private readonly platform: PlatformTransaction,
    @Inject(AcrossTeams) private readonly acrossTeams: AcrossTeams,
  ) {}

  /** Adds to a chain inside the transaction of `manager`, whose role must be one that may. Holds the chain until it ends. */
  async append(
    chain: TeamId,
    manager: TransactionManager,
    events: UnlinkedEvent[],
  ): Promise<AuditLink | undefined> {
    let last: AuditLink | undefined;
    for (const event of events) {
      const [link] = await manager.query<Omit<AuditLink, 'teamId'>[]>(insertEvent, [chain, toJson(event)]);
      if (!link) throw new Error('An insert with returning answers its row.');
      last = { teamId: chain, ...link };
    }
    return last;
  }

  /** Adds to a chain in a transaction of its own. */
  appendAlone(chain: TeamId, event: UnlinkedEvent): Promise<AuditLink | undefined> {
    return this.run(chain, (manager) => this.append(chain, manager, [event]));
  }

  /** Newest first. */
  list(chain: TeamId, { before, limit, from, to, ...equal }: AuditFilter): Promise<AuditEvent[]> {
    return this.run(chain, async (manager) => {
      const query = manager
        .createQueryBuilder(AuditEventRow, 'entry')
        .where('entry.teamId = :chain', { chain });
      for (const [field, value] of Object.entries(equal))
        if (value !== undefined) query.andWhere(`entry.${field} = :${field}`, { [field]: value });
      if (from !== undefined) query.andWhere('entry.at >= :from', { from });
      if (to !== undefined) query.andWhere('entry.at < :to', { to });
      if (before !== undefined) query.andWhere('entry.seq < :before', { before });
      const rows = await query.orderBy('entry.seq', 'DESC').take(limit).getMany();
      return rows.map(({ event }) => event);
    });
  }

  /** Where each chain ends, across teams. */
  listEnds(): Promise<AuditLink[]> {
    return this.acrossTeams.read<AuditLink>(listEnds, []);
  }

  private run<T>(chain: TeamId, work: TransactionWork<T>): Promise<T> {
    return chain === instanceChain ? this.platform.run(work) : this.team.run({ teamId: chain }, work);
  }
}

const insertEvent = `
  insert into public.audit_event (team_id, event) values ($1, $2::jsonb) returning seq, encode(hash, 'hex') as hash`;

/** Hops from chain to chain along the primary key, whatever their lengths. */
const listEnds = `
  with recursive chain(team_id) as (
    (select team_id from public.audit_event order by team_id limit 1)
    union all
    select (select team_id from public.audit_event where team_id > chain.team_id order by team_id limit 1)
      from chain where chain.team_id is not null
  )
  select team_id as "teamId", last.seq, encode(last.hash, 'hex') as hash
    from chain cross join lateral (
      select seq, hash from public.audit_event where team_id = chain.team_id order by seq desc limit 1) last
   where last.seq <= ${Number.MAX_SAFE_INTEGER}`;
