import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { keyVariables } from '../../platform/env';
import { KEK_PROVIDER } from './encryption.service';
import type { KekCanary } from './kek-canary.entity';
import { KekCanaryRepository } from './kek-canary.repository';
import { dataKeyLength } from './kek-binding';
import { KekUnavailableError, type KekBinding, type KekProvider, type WrappedKey } from './kek-provider';
import { KeyUseRepository } from './key-use.repository';
import { TeamKeyRepository } from './team-key.repository';

/** Stands in the binding where a data key has its team: no team has this name. */
const canaryTeam = 'ai-studio/kek-canary';

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
  ) {}

  /**
   * What is wrong, one text each that names the variable to mend. Where nothing is, the key that wraps gets its canary if
   * it has none.
   */
  async check(): Promise<string[]> {
    const stored = await this.canaries.list();
    const problems = await this.findUnknown();
    for (const kekId of this.kek.kekIds) {
      const canary = stored.find((one) => one.kekId === kekId);
      problems.push(
        ...(await this.explain(kekId, () => (canary ? this.open(canary) : this.openStored(kekId)))),
      );
    }
    const [primary = ''] = this.kek.kekIds;
    if (problems.length > 0 || stored.some(({ kekId }) => kekId === primary)) return problems;
    return this.explain(primary, () => this.begin());
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
        `${variableOf(kekId)}: data keys of teams under the key ${kekId}, which is not configured: ${count}. Add it again behind the first.`,
    );
  }

  private async explain(kekId: string, work: () => Promise<void>): Promise<string[]> {
    try {
      await work();
      return [];
    } catch (error) {
      if (!(error instanceof KekUnavailableError)) throw error;
      return [`${variableOf(kekId)}: ${error.message} ${consequences[error.reason]}`];
    }
  }

  /** A key without a canary may have sealed already, before there were canaries: what it sealed must open. */
  private async openStored(kekId: string): Promise<void> {
    const [name] = await this.use.listUnder(kekId, 1);
    const row = name && (await this.teamKeys.find(name.teamId, name.id));
    if (row) await this.unwrap(row, { teamId: row.teamId, dekId: row.id });
  }

  /** Another replica may do the same at the same moment: the one canary that is stored then must open here, too. */
  private async begin(): Promise<void> {
    await this.kek.probe();
    await this.open(await this.canaries.ensure(await this.make()));
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

function bindingOf(id: string): KekBinding {
  return { teamId: canaryTeam, dekId: id };
}

/** The variable that should name a key: ids of each provider have a form of their own. */
function variableOf(kekId: string): string {
  if (kekId.startsWith('arn:')) return keyVariables['aws-kms'];
  if (kekId.startsWith('projects/')) return keyVariables['google-kms'];
  return kekId.includes('/keys/') ? keyVariables.vault : keyVariables.local;
}
