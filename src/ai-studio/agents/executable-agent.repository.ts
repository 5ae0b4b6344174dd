import { Inject, Injectable } from '@nestjs/common';
import { isUuid, type TeamId } from '@kdx/shared';
import { TeamTransaction } from '../../platform/database';
import type { ExecutableAgent } from './executable-agent';

const lastPossibleVersion = 2_147_483_647;

@Injectable()
export class ExecutableAgentRepository {
  constructor(@Inject(TeamTransaction) private readonly transaction: TeamTransaction) {}

  /** An agent, deleted or not, in its current version or in `version`. One round trip; `undefined` where there is none. */
  async find(teamId: TeamId, agentId: string, version?: number): Promise<ExecutableAgent | undefined> {
    // The statement takes no parameters. A canonical UUID and an integer have nothing to escape.
    if (!isUuid(agentId) || (version !== undefined && !isVersion(version))) return undefined;
    const [agent] = await this.transaction.readOne<ExecutableAgent>(
      { teamId },
      `select agent.id, said.name, said.version, agent.deleted_at is not null as "isDeleted", said.instructions,
              said.variables, said.model_id as "modelId", said.settings
         from ai_agent agent
         join ai_agent_version said
           on said.team_id = agent.team_id and said.agent_id = agent.id and said.version = ${version ?? 'agent.version'}
        where agent.team_id = (select current_setting('app.team_id')::uuid) and agent.id = '${agentId}'`,
    );
    return agent;
  }
}

function isVersion(version: number): boolean {
  return Number.isInteger(version) && version >= 1 && version <= lastPossibleVersion;
}
