import { toTeamId } from '@kdx/shared';
import type { Database } from '../database';
import type { ToolEnv } from '../env';
import { sqlStateOf } from '../errors';
import type { Anchor } from './anchor';
import { readAnchorFile, type AnchorFile } from './anchor-file';
import { instanceChain } from './audit-event';
import { findBrokenGuards, type BrokenGuard } from './audit-guards';
import { ChainReaderRepository } from './chain-reader.repository';
import { ChainVerifier, type ChainReport } from './verify-chain';

export interface AuditReport {
  chains: ChainReport[];
  /** What guards the log in the database, and is not as it was made. */
  guards: BrokenGuard[];
  anchors: Omit<AnchorFile, 'anchors'> & { count: number };
}

/** Called now and then on the way: in which chain, and how many of its events were read. */
export type OnProgress = (chain: string, events: number) => void;

/** Walks the chains and compares them with the anchors, and the table with what was made. Reads only; servers may be running. */
export class AuditVerifier {
  private constructor(
    private readonly reader: ChainReaderRepository,
    private readonly env: Pick<ToolEnv, 'auditKey' | 'auditAnchorFile'>,
  ) {}

  static on(database: Database, env: Pick<ToolEnv, 'auditKey' | 'auditAnchorFile'>): AuditVerifier {
    return new AuditVerifier(new ChainReaderRepository(database), env);
  }

  /** @param only one chain; all of them where absent. Of a chain that never was, the report has neither events nor anchors */
  async verify(only: string | undefined, onProgress: OnProgress): Promise<AuditReport> {
    // The anchors first: what is anchored was committed before.
    const { anchors, ...file } = await readAnchorFile(this.env.auditKey, this.env.auditAnchorFile);
    const guards = findBrokenGuards(await this.reader.describeTable());
    const byChain = Map.groupBy(anchors, ({ teamId }) => teamId);
    const chains: ChainReport[] = [];
    for (const chain of only === undefined ? await this.listChains(byChain) : [only])
      chains.push(await this.walk(chain, byChain.get(chain) ?? [], onProgress));
    return { chains, guards, anchors: { ...file, count: anchors.length } };
  }

  /** One that was removed altogether is still in the anchors; the instance has always one. */
  private async listChains(anchored: Map<string, Anchor[]>): Promise<string[]> {
    return [...new Set([instanceChain, ...(await this.reader.listChains()), ...anchored.keys()])].toSorted();
  }

  /** A chain that the database cannot give is bad; that it does not answer at all is no verdict on any. */
  private async walk(chain: string, anchors: Anchor[], onProgress: OnProgress): Promise<ChainReport> {
    const verifier = new ChainVerifier(chain, anchors);
    let read = 0;
    try {
      await this.reader.read(toTeamId(chain), (rows) => {
        rows.forEach((row) => verifier.add(row));
        if (read > 0) onProgress(chain, read);
        read += rows.length;
      });
      return verifier.end();
    } catch (error) {
      if (!isOfTheRows(error)) throw error;
      return verifier.endUnreadable();
    }
  }
}

/** SQLSTATE classes 22 (bad data), 42 (a column or right is gone) and XX (a damaged page). */
function isOfTheRows(error: unknown): boolean {
  return /^(22|42|XX)/.test(sqlStateOf(error) ?? '');
}
