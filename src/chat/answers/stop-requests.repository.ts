import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import type { Scope } from '@kdx/shared';
import { Database, TeamTransaction } from '../../platform/database';

const channel = 'ai_studio_answer_stops';

/**
 * Asks the replica that gives an answer to stop it, by `NOTIFY` with the id of the message. Who asks has found the
 * message under their own scope; whoever hears looks only among the answers that it gives.
 */
@Injectable()
export class StopRequests implements OnModuleInit {
  private listener: (messageId: string) => void = () => undefined;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(TeamTransaction) private readonly transaction: TeamTransaction,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.database.session.listen(channel, (messageId) => this.listener(messageId));
  }

  subscribe(listener: (messageId: string) => void): void {
    this.listener = listener;
  }

  async send(scope: Scope, messageId: string): Promise<void> {
    await this.transaction.pipeline(scope, [['select pg_notify($1, $2)', [channel, messageId]]]);
  }
}
