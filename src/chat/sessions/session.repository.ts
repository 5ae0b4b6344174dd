import { Inject, Injectable } from '@nestjs/common';
import type { Scope } from '@kdx/shared';
import { TeamTransaction } from '../../platform/database';
import { ChatSession } from './chat.entities';

/** Conversations. Every method takes the scope first: the team and the user whose they are. */
@Injectable()
export class SessionRepository {
  constructor(@Inject(TeamTransaction) private readonly transaction: TeamTransaction) {}

  async insert(scope: Scope, session: ChatSession): Promise<void> {
    await this.transaction.run(scope, (manager) => manager.insert(ChatSession, session));
  }

  /** In one round trip: an answer waits for it. */
  async find(scope: Scope, id: string): Promise<ChatSession | null> {
    const [rows] = await this.transaction.pipeline<ChatSession>(scope, [
      [
        `select team_id "teamId", id, user_id "userId", title, model_id "modelId", created_at "createdAt", updated_at "updatedAt"
           from chat_session where team_id = $1 and user_id = $2 and id = $3`,
        [scope.teamId, scope.userId, id],
      ],
    ]);
    return rows?.[0] ?? null;
  }

  /** Latest first. `after` is `[updatedAt, id]` of the last of the page before. */
  list(scope: Scope, after: string[] | undefined, limit: number): Promise<ChatSession[]> {
    const { teamId, userId } = scope;
    return this.transaction.run(scope, (manager) => {
      const query = manager
        .createQueryBuilder(ChatSession, 'session')
        .where('session.teamId = :teamId and session.userId = :userId', { teamId, userId });
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

  update(
    scope: Scope,
    id: string,
    change: Partial<Pick<ChatSession, 'title' | 'modelId'>>,
  ): Promise<ChatSession | null> {
    const { teamId, userId } = scope;
    return this.transaction.run(scope, async (manager) => {
      await manager.update(ChatSession, { teamId, userId, id }, { ...change, updatedAt: new Date() });
      return manager.findOneBy(ChatSession, { teamId, userId, id });
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
