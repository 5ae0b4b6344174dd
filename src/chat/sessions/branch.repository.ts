import { Inject, Injectable } from '@nestjs/common';
import { In, type EntityManager } from 'typeorm';
import { isUuid, type Scope } from '@kdx/shared';
import { TeamTransaction } from '../../platform/database';
import { ChatMessage } from './chat.entities';
import type { HistoryMessage } from './message.repository';
import { findNewestLeaf, type MessagePlace } from './newest-leaf';

/** A message of a branch, with the ids of all that stand in its place, itself among them, oldest first. */
export interface BranchMessage {
  message: ChatMessage;
  siblings: string[];
}

/** A page of a branch: of the one that ends with `leafId`, after the message `after`, oldest first. */
interface BranchPage {
  leafId: string;
  after?: string | undefined;
  limit: number;
}

/**
 * Conversations are trees; a branch is the way from a beginning to a leaf. Every method takes the scope first: the team
 * and the user whose the conversation is.
 */
@Injectable()
export class BranchRepository {
  constructor(@Inject(TeamTransaction) private readonly transaction: TeamTransaction) {}

  /** A message by the id that the client gave it, or by ours. */
  async findNamed(scope: Scope, sessionId: string, name: string): Promise<ChatMessage | undefined> {
    const { teamId, userId } = scope;
    const place = { teamId, userId, sessionId };
    const where = [{ ...place, clientId: name }, ...(isUuid(name) ? [{ ...place, id: name }] : [])];
    const found = await this.transaction.run(scope, (manager) => manager.find(ChatMessage, { where }));
    return found.find(({ clientId }) => clientId === name) ?? found[0];
  }

  /** The newest leaf that `messageId` leads to, or is itself; `undefined` for one that is not of this conversation. */
  async findLeaf(scope: Scope, sessionId: string, messageId: string): Promise<string | undefined> {
    // All of it in one statement, and the way down in memory: a recursion's plan is a guess, and a wrong one is quadratic.
    const rows = await this.transaction.run(scope, (manager) =>
      manager.query<MessagePlace[]>(
        `select id, parent_id as "parentId" from chat_message where ${ofSession}`,
        toPlace(scope, sessionId),
      ),
    );
    return findNewestLeaf(rows, messageId);
  }

  /** Ids of a branch, oldest first. */
  listIds(scope: Scope, sessionId: string, leafId: string): Promise<string[]> {
    return this.transaction.run(scope, (manager) => listIds(manager, scope, sessionId, leafId));
  }

  /** What led to a message, oldest first, those without content left out: what was there to be sent for it. */
  listBefore(scope: Scope, sessionId: string, messageId: string): Promise<HistoryMessage[]> {
    return this.transaction.run(scope, async (manager) => {
      const ids = (await listIds(manager, scope, sessionId, messageId)).slice(0, -1);
      // By their ids, not in one statement with the recursion: how that is joined is a guess again.
      const rows = await manager.query<HistoryMessage[]>(
        `select id, role, parts from chat_message
          where ${ofSession} and id = any($4) and jsonb_array_length(parts) > 0`,
        [...toPlace(scope, sessionId), ids],
      );
      const byId = new Map(rows.map((row) => [row.id, row]));
      return ids.flatMap((id) => byId.get(id) ?? []);
    });
  }

  /** The messages of a branch page by page. Empty where the leaf is not of this conversation. */
  listPage(scope: Scope, sessionId: string, { leafId, after, limit }: BranchPage): Promise<BranchMessage[]> {
    return this.transaction.run(scope, async (manager) => {
      const rows = await manager.query<{ id: string }[]>(
        `${branch}
         select id from branch
          where $5::uuid is null or distance < (select distance from branch where id = $5)
          order by distance desc limit $6`,
        [...toPlace(scope, sessionId), leafId, after ?? null, limit],
      );
      return this.toBranch(
        manager,
        scope,
        sessionId,
        rows.map(({ id }) => id),
      );
    });
  }

  /** Those of `ids` that are there, in the order of `ids`. */
  listByIds(scope: Scope, sessionId: string, ids: string[]): Promise<ChatMessage[]> {
    return this.transaction.run(scope, (manager) => listInOrder(manager, scope, sessionId, ids));
  }

  private async toBranch(
    manager: EntityManager,
    scope: Scope,
    sessionId: string,
    ids: string[],
  ): Promise<BranchMessage[]> {
    const messages = await listInOrder(manager, scope, sessionId, ids);
    const parents = messages.flatMap(({ parentId }) => parentId ?? []);
    const rows = await manager.query<{ parentId: string | null; ids: string[] }[]>(
      `select parent_id as "parentId", array_agg(id order by id) as ids from chat_message
        where ${ofSession} and (parent_id = any($4) or $5 and parent_id is null) group by 1`,
      [...toPlace(scope, sessionId), parents, messages.length > parents.length],
    );
    const children = new Map(rows.map((row) => [row.parentId, row.ids]));
    return messages.map((message) => ({ message, siblings: children.get(message.parentId) ?? [message.id] }));
  }
}

const ofSession = 'team_id = $1 and user_id = $2 and session_id = $3';

/** Upwards from the leaf $4, one message at a time by its key: the limit keeps it from being joined with all of them at each step. */
const branch = `
  with recursive branch as (
    select id, parent_id, 0 as distance from chat_message where ${ofSession} and id = $4
    union all
    select message.id, message.parent_id, branch.distance + 1
      from branch cross join lateral (
             select id, parent_id from chat_message where ${ofSession} and id = branch.parent_id limit 1
           ) message
  )`;

function toPlace({ teamId, userId }: Scope, sessionId: string): string[] {
  return [teamId, userId, sessionId];
}

async function listIds(
  manager: EntityManager,
  scope: Scope,
  sessionId: string,
  leafId: string,
): Promise<string[]> {
  const rows = await manager.query<{ id: string }[]>(
    `${branch} select id from branch order by distance desc`,
    [...toPlace(scope, sessionId), leafId],
  );
  return rows.map(({ id }) => id);
}

async function listInOrder(
  manager: EntityManager,
  { teamId, userId }: Scope,
  sessionId: string,
  ids: string[],
): Promise<ChatMessage[]> {
  const found = await manager.findBy(ChatMessage, { teamId, userId, sessionId, id: In(ids) });
  const byId = new Map(found.map((message) => [message.id, message]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}
