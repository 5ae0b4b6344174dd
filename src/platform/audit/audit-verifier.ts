import { readFile } from 'node:fs/promises';
import { Inject, Injectable } from '@nestjs/common';
import { toTeamId } from '@kdx/shared';
import { ENV, type Env } from '../env';
import { readAnchors, type Anchor, type BadAnchor } from './anchor';
import { AuditEventRepository } from './audit-event.repository';
import { ChainVerifier, type ChainReport } from './verify-chain';

/** What became of the anchors: read, none written yet, or no key to check them with. */
export type AnchorState = 'read' | 'no file' | 'no key';

export interface AuditReport {
  chains: ChainReport[];
  anchors: { state: AnchorState; count: number; bad: BadAnchor[] };
}

/** Called now and then on the way: in which chain, and how many of its events were read. */
export type OnProgress = (chain: string, events: number) => void;

const batchSize = 2_000;

/** Walks the chains, in batches, and compares them with the anchors. Reads only; the server may be running. */
@Injectable()
export class AuditVerifier {
  constructor(
    @Inject(AuditEventRepository) private readonly events: AuditEventRepository,
    @Inject(ENV) private readonly env: Env,
  ) {}

  /** @param only one chain; all of them where absent */
  async verify(only: string | undefined, onProgress: OnProgress): Promise<AuditReport> {
    // The anchors first: what is anchored was committed before.
    const { state, anchors, bad } = await this.readAnchors();
    const byChain = Map.groupBy(anchors, ({ teamId }) => teamId);
    const chains: ChainReport[] = [];
    for (const chain of only === undefined ? await this.listChains(byChain) : [only])
      chains.push(await this.walk(chain, byChain.get(chain) ?? [], onProgress));
    return { chains, anchors: { state, count: anchors.length, bad } };
  }

  /** One that was removed altogether is still in the anchors. */
  private async listChains(anchored: Map<string, Anchor[]>): Promise<string[]> {
    return [...new Set([...(await this.events.listChains()), ...anchored.keys()])].toSorted();
  }

  private async walk(chain: string, anchors: Anchor[], onProgress: OnProgress): Promise<ChainReport> {
    const verifier = new ChainVerifier(chain, anchors);
    let after = Number.MIN_SAFE_INTEGER;
    let read = 0;
    for (;;) {
      const rows = await this.events.readChain(toTeamId(chain), after, batchSize);
      rows.forEach((row) => verifier.add(row));
      read += rows.length;
      const last = rows.at(-1);
      if (!last || rows.length < batchSize) return verifier.end();
      after = last.seq;
      onProgress(chain, read);
    }
  }

  private async readAnchors(): Promise<{ state: AnchorState; anchors: Anchor[]; bad: BadAnchor[] }> {
    const key = this.env.auditKey?.reveal();
    if (key === undefined) return { state: 'no key', anchors: [], bad: [] };
    try {
      return { state: 'read', ...readAnchors(key, await readFile(this.env.auditAnchorFile, 'utf8')) };
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
        return { state: 'no file', anchors: [], bad: [] };
      throw error;
    }
  }
}
