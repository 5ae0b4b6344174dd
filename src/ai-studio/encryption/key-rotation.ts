import { Inject, Injectable } from '@nestjs/common';
import { AuditLog, instanceChain, toEvent } from '../../platform/audit';
import { AppError } from '../../platform/errors';
import { KEK_PROVIDER } from './encryption.service';
import { KekCanaries } from './kek-canaries';
import { KekUnavailableError, type KekProvider, type KekVersion } from './kek-provider';
import { KeyUseRepository, type KeyName, type KeyUse } from './key-use.repository';
import { ServerKeys, type KeyOnServers } from './server-keys';
import { TeamKeyRepository } from './team-key.repository';

/** What wraps data keys now, and how many each version of a key wraps. */
export interface RotationStatus {
  current: KekVersion;
  use: KeyUse[];
  /** Data keys that another key or version than `current` wraps. */
  left: number;
  /** How the servers stand to `current`; looked at before data keys were counted, so that what one sealed last is among them. */
  servers: KeyOnServers;
}

/** How a rotation runs. */
export interface RotationOptions<Progress> {
  /** Hears of each batch. */
  report?: (progress: Progress) => void;
  /** Goes on where servers would not open what is wrapped anew. */
  anyway?: boolean;
}

export interface RotationProgress {
  done: number;
  /** Could not be opened or wrapped; they are left as they were. */
  failed: number;
  left: number;
}

export interface RotationOutcome extends RotationProgress {
  /** What was wrong with those that failed, each once. */
  problems: string[];
  /** As in {@link RotationStatus}. */
  servers: KeyOnServers;
}

const batchSize = 200;
/** Data keys that are rewrapped at the same time: a key service takes some hundreds of calls a second. */
const concurrency = 8;

/**
 * Wraps every data key anew under the key that wraps now, while the product runs: a data key stays the same, so what it
 * sealed opens before, during and after. One that was interrupted goes on where it stopped: what is done is not due.
 */
@Injectable()
export class KeyRotation {
  constructor(
    @Inject(KEK_PROVIDER) private readonly kek: KekProvider,
    @Inject(KeyUseRepository) private readonly use: KeyUseRepository,
    @Inject(TeamKeyRepository) private readonly teamKeys: TeamKeyRepository,
    @Inject(KekCanaries) private readonly canaries: KekCanaries,
    @Inject(ServerKeys) private readonly servers: ServerKeys,
    @Inject(AuditLog) private readonly audit: AuditLog,
  ) {}

  /** Takes some seconds where there may be servers. */
  async getStatus(): Promise<RotationStatus> {
    const current = await this.kek.currentVersion();
    const servers = await this.servers.count(current.kekId);
    const use = await this.use.count();
    return { current, use, left: countLeft(use, current), servers };
  }

  /**
   * Refuses to begin, or to go on, where the key that wraps is not the one that servers have or a server does not have it.
   * @throws KekUnavailableError where the key that is to wrap does not work at all: nothing was changed then
   * @throws AppError `CONFLICT` where it is another one, or a server is not known to open what it wraps
   */
  async rewrapAll({ report, anyway }: RotationOptions<RotationProgress> = {}): Promise<RotationOutcome> {
    await this.canaries.assertProven();
    const current = await this.kek.currentVersion();
    const problems = new Set<string>();
    let [done, failed]: [number, number] = [0, 0];
    let after: KeyName | undefined;
    for (;;) {
      const names = await this.use.listDue(current, after, batchSize);
      if (names.length === 0) break;
      if (!anyway) await this.servers.assertAllOpen(current.kekId);
      await inParallel(names, async (name) => {
        const problem = await this.rewrap(name, current);
        if (problem) problems.add(problem);
        if (problem) failed++;
        else done++;
      });
      after = names.at(-1);
      report?.({ done, failed, left: countLeft(await this.use.count(), current) });
    }
    await this.canaries.renew();
    const servers = await this.servers.count(current.kekId);
    const left = countLeft(await this.use.count(), current);
    return { done, failed, left, problems: [...problems], servers };
  }

  /**
   * How many data keys are under a key-encryption key that is said to be lost. Throws `CONFLICT` for one that is configured
   * here, or that a server has (unless `anyway`).
   */
  async countLost(kekId: string, anyway = false): Promise<number> {
    if (this.kek.kekIds.includes(kekId))
      throw new AppError(
        'CONFLICT',
        `The key ${kekId} is configured, and what it wraps can be rewrapped. Only a key that is lost is abandoned.`,
      );
    if (!anyway) await this.servers.assertNoneHas(kekId);
    const use = await this.use.count();
    return use.filter((row) => row.kekId === kekId).reduce((sum, { count }) => sum + count, 0);
  }

  /**
   * Removes the data keys under a key-encryption key that is lost: nothing will ever open what they sealed, so the teams
   * have to store their keys again. Recorded in the chain of each team and in the instance's. Refuses what `countLost`
   * refuses. Answers how many it were.
   */
  async abandon(kekId: string, anyway = false): Promise<number> {
    await this.countLost(kekId, anyway);
    let count = 0;
    for (;;) {
      const names = await this.use.listUnder(kekId, batchSize);
      if (names.length === 0) break;
      for (const { teamId, id } of names) if (await this.teamKeys.delete(teamId, id, 'abandon')) count++;
    }
    await this.audit.record(
      instanceChain,
      toEvent(
        { system: 'terminal' },
        { action: 'keks.abandon', target: { type: 'kek', id: kekId, name: `${count} data keys` } },
      ),
    );
    return count;
  }

  /** What went wrong, or `undefined`. No transaction is open while a key service is asked. */
  private async rewrap({ teamId, id }: KeyName, current: KekVersion): Promise<string | undefined> {
    const row = await this.teamKeys.find(teamId, id);
    if (!row || isSame(row, current)) return undefined; // the team is gone, or another rotation was faster
    const binding = { teamId, dekId: id };
    try {
      const dek = await this.kek.unwrap(row.wrapped, row.kekId, row.kekVersion, binding);
      try {
        const wrapped = await this.kek.wrap(dek, binding);
        // Where it is another row by now, whoever changed it wrapped the same data key.
        await this.teamKeys.rewrap(teamId, id, row.wrapped, wrapped);
        return undefined;
      } finally {
        dek.fill(0);
      }
    } catch (error) {
      if (error instanceof KekUnavailableError) return error.message;
      throw error;
    }
  }
}

function countLeft(use: KeyUse[], current: KekVersion): number {
  return use.filter((one) => !isSame(one, current)).reduce((sum, { count }) => sum + count, 0);
}

function isSame(a: KekVersion, b: KekVersion): boolean {
  return a.kekId === b.kekId && a.kekVersion === b.kekVersion;
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const run = async () => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, run));
}
