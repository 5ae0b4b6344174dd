import { Inject, Injectable } from '@nestjs/common';
import { IsNull, type EntityManager } from 'typeorm';
import { isUuid, type Scope } from '@kdx/shared';
import { TeamTransaction } from '../../platform/database';
import { maxAgentSwitches, type AgentHistory } from './agent-switching';
import { ChatAgentSwitch, ChatMessage, ChatSession } from './chat.entities';

/** Answers after a change of agent in which the model is told of it. */
const answersWithReset = 3;

/** A conversation as the next answer needs it. */
export interface SessionToAnswer extends ChatSession {
  /** Name of the agent that the model has to be told it is no more; `null` where there is none. */
  formerAgentName: string | null;
  /** Whether it has, or ever had, an agent. */
  hadAgent: boolean;
}

/** A conversation with the changes of its agent, oldest first. */
export interface SessionWithHistory {
  session: ChatSession;
  switches: ChatAgentSwitch[];
}

/** What to list. `folderId`: `null` for those in none. `after` is `[updatedAt, id]` of the last of the page before. */
export interface SessionFilter {
  folderId?: string | null | undefined;
  after?: string[] | undefined;
  limit: number;
}

/** Conversations. Every method takes the scope first: the team and the user whose they are. */
@Injectable()
export class SessionRepository {
  constructor(@Inject(TeamTransaction) private readonly transaction: TeamTransaction) {}

  /** With the beginning of its history where it has an agent. */
  insert(scope: Scope, session: ChatSession, agentSwitch: ChatAgentSwitch | undefined): Promise<void> {
    return this.transaction.run(scope, async (manager) => {
      await manager.insert(ChatSession, session);
      if (agentSwitch) await manager.insert(ChatAgentSwitch, agentSwitch);
    });
  }

  /** In one round trip: an answer waits for it. */
  async find(scope: Scope, id: string): Promise<SessionToAnswer | null> {
    const [rows] = await this.transaction.pipeline<SessionToAnswer>(scope, [
      [selectToAnswer, [scope.teamId, scope.userId, id]],
    ]);
    return rows?.[0] ?? null;
  }

  findWithHistory(scope: Scope, id: string): Promise<SessionWithHistory | null> {
    return this.transaction.run(scope, (manager) => findWithHistory(manager, scope, id));
  }

  /** By the id that a chat client has for it, or by ours. */
  async findNamed(scope: Scope, name: string): Promise<ChatSession | undefined> {
    const { teamId, userId } = scope;
    const owner = { teamId, userId };
    const where = [{ ...owner, clientId: name }, ...(isUuid(name) ? [{ ...owner, id: name }] : [])];
    const found = await this.transaction.run(scope, (manager) => manager.find(ChatSession, { where }));
    return found.find(({ clientId }) => clientId === name) ?? found[0];
  }

  /** Deletes a conversation in which nothing was said. */
  async deleteEmpty(scope: Scope, id: string): Promise<void> {
    const { teamId, userId } = scope;
    await this.transaction.run(scope, (manager) =>
      manager.delete(ChatSession, { teamId, userId, id, headMessageId: IsNull() }),
    );
  }

  /** Latest first. */
  list(scope: Scope, { folderId, after, limit }: SessionFilter): Promise<ChatSession[]> {
    const { teamId, userId } = scope;
    return this.transaction.run(scope, (manager) => {
      const query = manager
        .createQueryBuilder(ChatSession, 'session')
        .where('session.teamId = :teamId and session.userId = :userId', { teamId, userId });
      if (folderId === null) query.andWhere('session.folderId is null');
      else if (folderId !== undefined) query.andWhere('session.folderId = :folderId', { folderId });
      if (after) {
        query.andWhere('(session.updatedAt, session.id) < (:updatedAt, :id)', {
          updatedAt: after[0],
          id: after[1],
        });
      }
      return query
        .orderBy('session.updatedAt', 'DESC')
        .addOrderBy('session.id', 'DESC')
        .take(limit)
        .getMany();
    });
  }

  /** `toSwitch` makes of the history what a change of agent adds to it, one change at a time; it throws to refuse. */
  update(
    scope: Scope,
    id: string,
    change: Partial<Pick<ChatSession, 'title' | 'titleSource' | 'modelId' | 'folderId' | 'headMessageId'>>,
    toSwitch?: (history: AgentHistory) => ChatAgentSwitch | undefined,
  ): Promise<SessionWithHistory | null> {
    const { teamId, userId } = scope;
    return this.transaction.run(scope, async (manager) => {
      const agent = toSwitch && (await switchAgent(manager, scope, id, toSwitch));
      await manager.update(
        ChatSession,
        { teamId, userId, id },
        { ...change, ...agent, updatedAt: new Date() },
      );
      return findWithHistory(manager, scope, id);
    });
  }

  async delete(scope: Scope, id: string): Promise<boolean> {
    const { teamId, userId } = scope;
    const { affected } = await this.transaction.run(scope, (manager) =>
      manager.delete(ChatSession, { teamId, userId, id }),
    );
    return affected === 1;
  }
}

/** Answers count from the last change of agent on; one that failed told the model nothing. */
const selectToAnswer = `
  select team_id "teamId", id, user_id "userId", title, title_source "titleSource", model_id "modelId", agent_id "agentId",
         agent_name "agentName", agent_version "agentVersion", folder_id "folderId", head_message_id "headMessageId",
         client_id "clientId", created_at "createdAt", updated_at "updatedAt",
         (select from_agent_name
            from (select from_agent_name, after_message_id from chat_agent_switch
                   where team_id = $1 and user_id = $2 and session_id = $3 order by id desc limit 1) last
           where from_agent_name is not null and not exists (
             select from chat_message
              where team_id = $1 and user_id = $2 and session_id = $3 and id > last.after_message_id
                and role = 'assistant' and status <> 'failed'
             offset ${answersWithReset - 1})
         ) "formerAgentName",
         exists (select from chat_agent_switch where team_id = $1 and user_id = $2 and session_id = $3) "hadAgent"
    from chat_session where team_id = $1 and user_id = $2 and id = $3`;

async function findWithHistory(
  manager: EntityManager,
  scope: Scope,
  id: string,
): Promise<SessionWithHistory | null> {
  const { teamId, userId } = scope;
  const session = await manager.findOneBy(ChatSession, { teamId, userId, id });
  return session && { session, switches: await listSwitches(manager, scope, id) };
}

/** Adds to the history, and gives what the conversation has of the agent from then on. */
async function switchAgent(
  manager: EntityManager,
  scope: Scope,
  id: string,
  toSwitch: (history: AgentHistory) => ChatAgentSwitch | undefined,
): Promise<Partial<ChatSession>> {
  const { teamId, userId } = scope;
  // The lock first, by itself: a statement that waited for it would not see what it waited for.
  const found = await manager.query<object[]>(
    'select from chat_session where team_id = $1 and user_id = $2 and id = $3 for update',
    [teamId, userId, id],
  );
  if (found.length === 0) return {};
  const lastMessage = await manager.findOne(ChatMessage, {
    select: { id: true },
    where: { teamId, userId, sessionId: id },
    order: { id: 'DESC' },
  });
  const switches = await listSwitches(manager, scope, id);
  const agentSwitch = toSwitch({ switches, lastMessageId: lastMessage?.id ?? null });
  if (!agentSwitch) return {};
  await manager.insert(ChatAgentSwitch, agentSwitch);
  const { agentId, agentName, agentVersion } = agentSwitch;
  return { agentId, agentName, agentVersion };
}

/** The latest, oldest first. */
async function listSwitches(
  manager: EntityManager,
  { teamId, userId }: Scope,
  sessionId: string,
): Promise<ChatAgentSwitch[]> {
  const latest = await manager.find(ChatAgentSwitch, {
    where: { teamId, userId, sessionId },
    order: { id: 'DESC' },
    take: maxAgentSwitches,
  });
  return latest.reverse();
}
