import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import type { TeamId } from '@kdx/shared';
import { ENV, type Env } from '../../platform/env';
import { TeamSetupRepository } from './team-setup.repository';

const sandbox = { providerId: 'sandbox', modelKey: 'echo' };

/**
 * Gives a team what it starts with, once: the sandbox, enabled and default, so that it can chat before it has a key.
 * Done when a team is first seen here, so that no team is missed whichever way it came to be.
 */
@Injectable()
export class TeamSetup {
  private readonly done = new LRUCache<TeamId, true>({ max: 50_000 });

  constructor(
    @Inject(TeamSetupRepository) private readonly repository: TeamSetupRepository,
    @Inject(ENV) private readonly env: Env,
  ) {}

  async ensure(teamId: TeamId): Promise<void> {
    if (this.done.has(teamId)) return;
    await this.repository.ensure(teamId, this.env.sandboxEnabled ? sandbox : undefined);
    this.done.set(teamId, true);
  }
}
