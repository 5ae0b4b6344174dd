import type { TeamId } from '@kdx/shared';
import {
  AcrossTeams,
  PlatformTransaction,
  TeamTransaction,
  type Database,
  type TransactionManager,
} from '../database';
import { instanceChain } from './audit-event';
import { auditCatalogue } from './audit-catalogue';
import { eventColumns, type ChainRow } from './verify-chain';

const batchSize = 2_000;

/** A row as it is stored, in texts; empty where the column has none. */
type StoredRow = Record<'seq' | 'text' | 'hash', string> & Pick<ChainRow, 'columns'>;

/** Reads the audit log for the verifier, as the roles of the application, and trusts nothing that the table says. */
export class ChainReaderRepository {
  constructor(private readonly database: Database) {}

  /** The ids of the chains that there are, in order. */
  async listChains(): Promise<string[]> {
    const rows = await new AcrossTeams(this.database).read<{ chain: string }>(listChains, []);
    return rows.map(({ chain }) => chain);
  }

  /** Hands every row of a chain to `take`, in the order of their places and as they are at one moment. */
  read(chain: TeamId, take: (rows: ChainRow[]) => void): Promise<void> {
    const walk = async (manager: TransactionManager) => {
      await manager.query(openCursor, [chain]);
      for (;;) {
        const rows = await manager.query<StoredRow[]>(`fetch ${batchSize} from chain`);
        if (rows.length === 0) return;
        take(rows.map((row) => ({ ...row, seq: Number(row.seq || Number.NaN) })));
      }
    };
    return chain === instanceChain
      ? new PlatformTransaction(this.database).run(walk)
      : new TeamTransaction(this.database).run({ teamId: chain }, walk);
  }

  /** What the database says of the table and of what guards it, by name. */
  async describeTable(): Promise<Map<string, string>> {
    const { rows } = await this.database.pool.query<{ name: string; value: string }>(auditCatalogue);
    return new Map(rows.map(({ name, value }) => [name, value]));
  }
}

/** Hops from chain to chain along the primary key, whatever their lengths. */
const listChains = `
  with recursive chain(team_id) as (
    (select team_id from public.audit_event order by team_id limit 1)
    union all
    select (select team_id from public.audit_event where team_id > chain.team_id order by team_id limit 1)
      from chain where chain.team_id is not null
  )
  select team_id as chain from chain where team_id is not null order by 1`;

/** A cursor, so that neither two rows of one place nor one without a place fall between two batches. */
const openCursor = `
  declare chain no scroll cursor for
  select coalesce(seq::text, '') as seq, coalesce(event::text, '') as text, coalesce(encode(hash, 'hex'), '') as hash,
         jsonb_build_object(${eventColumns.map(({ column }) => `'${column}', ${column}`).join(', ')}) as columns
    from public.audit_event where team_id = $1 order by audit_event.seq`;
