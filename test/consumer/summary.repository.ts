import { Inject, Injectable } from '@nestjs/common';
import type { Scope } from '@kdx/shared';
import { TeamTransaction } from '../../src/platform/database';

export type SummaryStatus = 'complete' | 'stopped' | 'failed';

/** Summaries of a person in a team, under the ids of the executions that made them. */
@Injectable()
export class SummaryRepository {
  constructor(@Inject(TeamTransaction) private readonly transaction: TeamTransaction) {}

  async begin(scope: Scope, id: string): Promise<void> {
    const insert = `insert into summary (team_id, user_id, id, status, text) values ($1, $2, $3, 'running', '')`;
    await this.transaction.pipeline(scope, [[insert, [scope.teamId, scope.userId, id]]]);
  }

  async end(scope: Scope, id: string, status: SummaryStatus, text: string): Promise<void> {
    const update = `update summary set status = $4, text = $5 where team_id = $1 and user_id = $2 and id = $3`;
    await this.transaction.pipeline(scope, [[update, [scope.teamId, scope.userId, id, status, text]]]);
  }
}
