import { Inject, Injectable } from '@nestjs/common';
import { IsNull, type EntityManager } from 'typeorm';
import type { Scope, TeamId } from '@kdx/shared';
import { changed, difference, unchanged } from '../../platform/audit';
import { TeamTransaction } from '../../platform/database';
import { AppError } from '../../platform/errors';
import { TeamChanges } from '../../platform/tenancy';
import { Agent, AgentVersion } from './agent.entities';
import { isSameContent, toContent, type AgentContent } from './agent-content';
import type { AvailableAgent } from './available-agent';

/** A live agent in its current version. */
export interface AgentRow extends AgentContent {
  id: string;
  version: number;
  createdAt: Date;
  updatedAt: Date;
  /** Sort key of lists. */
  rank: string;
}

/** What to publish: new content, or that of an old version. */
export type NextVersion = AgentContent & { rolledBackFrom?: number };

/** What to list. `after` is `[rank, id]` of the last agent of the page before. */
export interface AgentFilter {
  q?: string | undefined;
  after?: string[] | undefined;
  limit: number;
}

const availableColumns = `
  agent.id, agent.version, said.name, said.description, said.model_id as "modelId", said.variables`;

const allColumns = `
  ${availableColumns}, said.instructions, said.settings, said.library_ids as "libraryIds",
  agent.created_at as "createdAt", agent.updated_at as "updatedAt", lower(agent.name) as rank`;

// $1 is the team.
const currentAgents = `
    from ai_agent agent
    join ai_agent_version said
      on said.team_id = agent.team_id and said.agent_id = agent.id and said.version = agent.version
   where agent.team_id = $1 and agent.deleted_at is null`;

const byName = `order by lower(agent.name) collate "C", agent.id`;

/** Agents and their versions. Every method takes the team first. */
@Injectable()
export class AgentRepository {
  constructor(
    @Inject(TeamTransaction) private readonly transaction: TeamTransaction,
    @Inject(TeamChanges) private readonly changes: TeamChanges,
  ) {}

  /** By name, whatever its case. */
  list(teamId: TeamId, { q, after, limit }: AgentFilter): Promise<AgentRow[]> {
    return this.transaction.run({ teamId }, (manager) =>
      manager.query<AgentRow[]>(
        `select ${allColumns} ${currentAgents}
            and ($2::text is null or agent.name ilike $2)
            and ($3::text is null or (lower(agent.name) collate "C", agent.id) > ($3 collate "C", $4::uuid))
          ${byName} limit $5`,
        [teamId, q === undefined ? null : toPattern(q), after?.[0] ?? null, after?.[1] ?? null, limit],
      ),
    );
  }

  /** All of a team, by name, without what they are told. */
  listAvailable(teamId: TeamId): Promise<AvailableAgent[]> {
    return this.transaction.run({ teamId }, (manager) =>
      manager.query<AvailableAgent[]>(`select ${availableColumns} ${currentAgents} ${byName}`, [teamId]),
    );
  }

  find(teamId: TeamId, id: string): Promise<AgentRow | undefined> {
    return this.transaction.run({ teamId }, (manager) => findCurrent(manager, teamId, id));
  }

  /** Of an agent that may be deleted. */
  findVersion(teamId: TeamId, agentId: string, version: number): Promise<AgentVersion | null> {
    return this.transaction.run({ teamId }, (manager) =>
      manager.findOneBy(AgentVersion, { teamId, agentId, version }),
    );
  }

  /** Newest first, those before the version `before`. Also of a deleted agent; `undefined` where there never was one. */
  listVersions(
    teamId: TeamId,
    agentId: string,
    before: number | undefined,
    limit: number,
  ): Promise<AgentVersion[] | undefined> {
    return this.transaction.run({ teamId }, async (manager) => {
      if (!(await manager.existsBy(Agent, { teamId, id: agentId }))) return undefined;
      const query = manager
        .createQueryBuilder(AgentVersion, 'said')
        .where('said.teamId = :teamId and said.agentId = :agentId', { teamId, agentId });
      if (before !== undefined) query.andWhere('said.version < :before', { before });
      return query.orderBy('said.version', 'DESC').take(limit).getMany();
    });
  }

  /** Stores an agent in its first version. Throws `CONFLICT` where the name is taken. */
  async insert(scope: Scope, id: string, content: AgentContent): Promise<AgentRow> {
    const { teamId } = scope;
    const now = new Date();
    return this.changes
      .commit(scope, async (manager) => {
        const { name } = content;
        await manager.insert(Agent, {
          teamId,
          id,
          name,
          version: 1,
          createdAt: now,
          updatedAt: now,
          deletedAt: null,
        });
        await insertVersion(manager, scope, id, 1, content, now);
        const made = await getCurrent(manager, teamId, id);
        return changed(made, difference('agents.create', toTarget(made), null, told(made)));
      })
      .catch((error: unknown) => lostName(error, content.name));
  }

  /**
   * Publishes what `next` makes of the current version, one change of an agent at a time; nothing where that says the
   * same. `next` throws to refuse. `undefined` where there is no such agent; `CONFLICT` where the name is taken.
   */
  async publish(
    scope: Scope,
    id: string,
    next: (current: AgentRow) => NextVersion,
  ): Promise<AgentRow | undefined> {
    const { teamId } = scope;
    let name = '';
    return this.changes
      .commit(scope, async (manager) => {
        await lockAgent(manager, teamId, id);
        const current = await findCurrent(manager, teamId, id);
        if (!current) return unchanged(undefined);
        const content = next(current);
        if (isSameContent(content, current)) return unchanged(current);
        ({ name } = content);
        const version = current.version + 1;
        const updatedAt = new Date();
        await insertVersion(manager, scope, id, version, content, updatedAt);
        await manager.update(Agent, { teamId, id }, { name, version, updatedAt });
        const published = await getCurrent(manager, teamId, id);
        const action = content.rolledBackFrom === undefined ? 'agents.update' : 'agents.rollback';
        return changed(published, difference(action, toTarget(published), told(current), told(published)));
      })
      .catch((error: unknown) => lostName(error, name));
  }

  /** False where there is none, or not any more. Its versions stay. */
  delete(scope: Scope, id: string): Promise<boolean> {
    const { teamId } = scope;
    return this.changes.commit(scope, async (manager) => {
      await lockAgent(manager, teamId, id);
      const current = await findCurrent(manager, teamId, id);
      const { affected } = await manager.update(
        Agent,
        { teamId, id, deletedAt: IsNull() },
        { deletedAt: new Date() },
      );
      if (!current || affected !== 1) return unchanged(false);
      return changed(true, difference('agents.delete', toTarget(current), told(current), null));
    });
  }
}

function toTarget({ id, name }: AgentRow) {
  return { type: 'agent', id, name };
}

function told(agent: AgentRow) {
  return { ...toContent(agent), version: agent.version };
}

/** First, by itself: a statement that waited for the lock would not see the version it waited for. */
async function lockAgent(manager: EntityManager, teamId: TeamId, id: string): Promise<void> {
  await manager.query('select from ai_agent where team_id = $1 and id = $2 for update', [teamId, id]);
}

async function findCurrent(
  manager: EntityManager,
  teamId: TeamId,
  id: string,
): Promise<AgentRow | undefined> {
  const [row] = await manager.query<AgentRow[]>(`select ${allColumns} ${currentAgents} and agent.id = $2`, [
    teamId,
    id,
  ]);
  return row;
}

async function getCurrent(manager: EntityManager, teamId: TeamId, id: string): Promise<AgentRow> {
  const row = await findCurrent(manager, teamId, id);
  if (!row) throw new Error('An agent that was just written is there.');
  return row;
}

async function insertVersion(
  manager: EntityManager,
  { teamId, userId }: Scope,
  agentId: string,
  version: number,
  said: NextVersion,
  createdAt: Date,
): Promise<void> {
  await manager.query(
    `insert into ai_agent_version (team_id, agent_id, version, name, description, instructions, model_id, settings,
                                   library_ids, variables, rolled_back_from, created_by, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
    [
      teamId,
      agentId,
      version,
      said.name,
      said.description,
      said.instructions,
      said.modelId,
      JSON.stringify(said.settings),
      JSON.stringify(said.libraryIds),
      JSON.stringify(said.variables),
      said.rolledBackFrom ?? null,
      userId,
      createdAt,
    ],
  );
}

/** The unique index decides whose a name is, also between two at the same moment. */
function lostName(error: unknown, name: string): never {
  const constraint = error instanceof Error && 'constraint' in error ? error.constraint : undefined;
  if (constraint !== 'ai_agent_name') throw error;
  throw new AppError('CONFLICT', `The team has an agent named ${name} already. Choose another name.`, {
    details: { name },
  });
}

/** `%`, `_` and `\` of a search are themselves. */
function toPattern(q: string): string {
  return `%${q.replace(/[\\%_]/g, '\\$&')}%`;
}
