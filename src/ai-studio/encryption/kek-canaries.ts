import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { AppError } from '../../platform/errors';
import { KEK_PROVIDER } from './encryption.service';
import type { KekCanary } from './kek-canary.entity';
import { KekCanaryRepository } from './kek-canary.repository';
import { dataKeyLength } from './kek-binding';
import { KekUnavailableError, type KekBinding, type KekProvider, type WrappedKey } from './kek-provider';
import { kekVariableOf } from './kek-variable';
import { KeyUseRepository } from './key-use.repository';
import { ServerKeyRepository } from './server-key.repository';
import { TeamKeyRepository } from './team-key.repository';

/** Stands in the binding where a data key has its team: no team has this name. */
const canaryTeam = 'ai-studio/kek-canary';
/** So many data keys are tried where the first do not open. */
const tries = 3;

/** What is known of the configured key-encryption keys. Texts name the variable to mend, and no secret. */
export interface KekFindings {
  /** Each would keep production from starting. */
  problems: string[];
  /** Data keys that do not open although the canary of their key does. */
  doubts: string[];
  /** Ids of the keys that opened what was sealed under their name before. */
  proven: Set<string>;
}

/**
 * Proves that the configured key-encryption keys are the ones that sealed what is stored: each has a canary, a throw-away
 * data key that must open.
 */
@Injectable()
export class KekCanaries {
  constructor(
    @Inject(KEK_PROVIDER) private readonly kek: KekProvider,
    @Inject(KekCanaryRepository) private readonly canaries: KekCanaryRepository,
    @Inject(KeyUseRepository) private readonly use: KeyUseRepository,
    @Inject(TeamKeyRepository) private readonly teamKeys: TeamKeyRepository,
    @Inject(ServerKeyRepository) private readonly servers: ServerKeyRepository,
  ) {}

  /** Changes nothing. */
  async check(): Promise<KekFindings> {
    const stored = await this.canaries.list();
    const findings = noFindings();
    findings.problems.push(...(await this.findUnknown()));
    for (const kekId of this.kek.kekIds) await this.prove(kekId, stored, findings);
    return findings;
  }

  /** Gives the key that wraps its canary if it has none, where no problem was found; adds what it finds. */
  async begin(findings: KekFindings): Promise<void> {
    const [primary = ''] = this.kek.kekIds;
    if (findings.problems.length > 0) return;
    if ((await this.canaries.list()).some(({ kekId }) => kekId === primary)) return;
    await this.note(primary, findings, async () => {
      await this.kek.probe();
      // Another replica may do the same at the same moment: the one canary that is stored then must open here, too.
      await this.open(await this.canaries.ensure(await this.make()));
      return true;
    });
  }

  /**
   * Before anything is wrapped for others: the key that wraps works, and is the one that servers have under its name.
   * Where no server can run meanwhile (the embedded database), one that nobody has started with gets its canary.
   * @throws KekUnavailableError where it does not work
   * @throws AppError `CONFLICT` where it is another key, or cannot be compared
   */
  async assertProven(): Promise<void> {
    await this.kek.probe();
    const [primary = ''] = this.kek.kekIds;
    const findings = noFindings();
    await this.prove(primary, await this.canaries.list(), findings);
    if (this.servers.isAlone) await this.begin(findings);
    const { problems, proven } = findings;
    const [problem] = problems;
    if (problem) throw new AppError('CONFLICT', problem);
    if (!proven.has(primary))
      throw new AppError(
        'CONFLICT',
        `No server has started with the key ${primary} yet, so that nobody can tell whether this is the one that they will have. Give it to the servers first and restart them, without anything that their logs complain of; then run this again.`,
      );
  }

  /** After a rotation: under the version that wraps now, so that it outlives the version that was retired. */
  async renew(): Promise<void> {
    const current = await this.kek.currentVersion();
    const stored = (await this.canaries.list()).find(({ kekId }) => kekId === current.kekId);
    if (stored && stored.kekVersion !== current.kekVersion) await this.canaries.ensure(await this.make());
  }

  private async findUnknown(): Promise<string[]> {
    const unknown = (await this.use.count()).filter(({ kekId }) => !this.kek.kekIds.includes(kekId));
    return unknown.map(
      ({ kekId, count }) =>
        `${kekVariableOf(kekId)}: data keys of teams under the key ${kekId}, which is not configured: ${count}. Add it again behind the first.`,
    );
  }

  /** Finds whether a key is the one that sealed before. Where it sealed nothing, nothing shows it. */
  private async prove(kekId: string, stored: KekCanary[], findings: KekFindings): Promise<void> {
    const canary = stored.find((one) => one.kekId === kekId);
    await this.note(kekId, findings, async () => {
      if (canary) await this.open(canary);
      const { opened, failure } = await this.tryDataKeys(kekId, canary?.kekVersion);
      if (failure && !opened && !canary) throw failure;
      if (failure && !opened)
        findings.doubts.push(
          `${failure.message} The canary of that key opens, so another key of that name may have wrapped what does not.`,
        );
      return canary !== undefined || opened;
    });
  }

  /** Notes what `work` finds: whether the key is proven, or why what it sealed does not open. */
  private async note(kekId: string, findings: KekFindings, work: () => Promise<boolean>): Promise<void> {
    try {
      if (await work()) findings.proven.add(kekId);
    } catch (error) {
      if (!(error instanceof KekUnavailableError)) throw error;
      findings.problems.push(`${kekVariableOf(kekId)}: ${error.message} ${consequences[error.reason]}`);
    }
  }

  /** Whether one of a few opens: a single row may be damaged. */
  private async tryDataKeys(
    kekId: string,
    kekVersion: string | undefined,
  ): Promise<{ opened: boolean; failure?: KekUnavailableError }> {
    let failure: KekUnavailableError | undefined;
    for (const name of await this.use.listUnder(kekId, tries, kekVersion)) {
      const row = await this.teamKeys.find(name.teamId, name.id);
      if (!row) continue; // its team is gone by now
      try {
        await this.unwrap(row, { teamId: row.teamId, dekId: row.id });
        return { opened: true };
      } catch (error) {
        if (!(error instanceof KekUnavailableError) || error.reason !== 'unreadable') throw error;
        failure ??= error;
      }
    }
    return { opened: false, ...(failure && { failure }) };
  }

  private async make(): Promise<KekCanary> {
    const id = uuidv7();
    const secret = randomBytes(dataKeyLength);
    const wrapped = await this.kek.wrap(secret, bindingOf(id));
    secret.fill(0);
    return { ...wrapped, id, createdAt: new Date() };
  }

  private open(canary: KekCanary): Promise<void> {
    return this.unwrap(canary, bindingOf(canary.id));
  }

  private async unwrap({ wrapped, kekId, kekVersion }: WrappedKey, binding: KekBinding): Promise<void> {
    (await this.kek.unwrap(wrapped, kekId, kekVersion, binding)).fill(0);
  }
}

const consequences = {
  'unknown-kek': 'What it sealed cannot be opened without it.',
  unreadable: 'This is another key than the one of that name that sealed before. Put the right one back.',
  refused: 'Nothing can be sealed or opened until it is mended.',
  unreachable: 'Nothing can be sealed or opened until it answers.',
};

function noFindings(): KekFindings {
  return { problems: [], doubts: [], proven: new Set() };
}

function bindingOf(id: string): KekBinding {
  return { teamId: canaryTeam, dekId: id };
}
