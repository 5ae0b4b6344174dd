import { Inject, Injectable } from '@nestjs/common';
import { isUuid, type TeamId } from '@kdx/shared';
import { notFound } from '../../platform/errors';
import { TeamCache, TeamChanges } from '../../platform/tenancy';
import type { ExecutableAgent } from './executable-agent';
import { ExecutableAgentRepository } from './executable-agent.repository';

/** Keeps agents in memory, so that preparing an execution with one asks no database. */
@Injectable()
export class AgentCache {
  private readonly cache: TeamCache<ExecutableAgent>;

  constructor(
    @Inject(ExecutableAgentRepository) private readonly repository: ExecutableAgentRepository,
    @Inject(TeamChanges) changes: TeamChanges,
  ) {
    this.cache = new TeamCache(changes, { maxTeams: 5_000, maxAgeMs: 30_000, maxKeysPerTeam: 500 });
  }

  /**
   * A live agent in its current version. A deleted one in `lastVersion`, the version that a conversation has of it;
   * without that, or where it never had that version, `NOT_FOUND`. From memory where possible, at most 30 seconds old
   * even if the news of a change was lost; else one round trip, and a second one for a deleted agent that is asked for
   * in another version than its last. What is not there is not remembered.
   */
  async getExecutable(teamId: TeamId, agentId: string, lastVersion?: number): Promise<ExecutableAgent> {
    if (!isUuid(agentId)) throw notFound('The agent');
    const agent = await this.cache.get(teamId, agentId, () => this.load(teamId, agentId));
    if (!agent.isDeleted) return agent;
    if (lastVersion === undefined) throw notFound('The agent');
    if (agent.version === lastVersion) return agent;
    return this.cache.get(teamId, `${agentId}/${lastVersion}`, () => this.load(teamId, agentId, lastVersion));
  }

  private async load(teamId: TeamId, agentId: string, version?: number): Promise<ExecutableAgent> {
    const agent = await this.repository.find(teamId, agentId, version);
    if (!agent) throw notFound('The agent');
    return agent;
  }
}
