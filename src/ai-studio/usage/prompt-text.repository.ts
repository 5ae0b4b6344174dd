import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { In, IsNull } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';
import type { Scope } from '@kdx/shared';
import { TeamTransaction, type Statement } from '../../platform/database';
import { StoredPromptText } from './prompt-text.entity';
import type { PromptText } from './sent-prompt';

/** The texts that models were told. Row-level security shows a user's own to that user alone, admins included. */
@Injectable()
export class PromptTextRepository {
  /** What this process knows to be stored, so that a text is sent to the database once. */
  private readonly stored = new LRUCache<string, true>({ max: 20_000 });

  constructor(@Inject(TeamTransaction) private readonly transaction: TeamTransaction) {}

  /** Runs `write` with the statements that store what is not stored yet, to be run in its transaction. */
  async storeWith<T>(
    scope: Scope,
    texts: PromptText[],
    write: (statements: Statement[]) => Promise<T>,
  ): Promise<T> {
    const { teamId, userId } = scope;
    const keyOf = ({ sha256, personal }: PromptText) => `${teamId}/${personal ? userId : ''}/${sha256}`;
    const fresh = texts.filter((text) => !this.stored.has(keyOf(text)));
    const rows = fresh.map(({ sha256, text, personal }) => ({
      id: uuidv7(),
      user_id: personal ? userId : null,
      sha256,
      text,
    }));
    const result = await write(
      rows.length === 0 ? [] : [[storeTexts, [teamId, JSON.stringify(rows), new Date()]]],
    );
    for (const text of fresh) this.stored.set(keyOf(text), true);
    return result;
  }

  /** Those that the user of the scope may see, by their SHA-256. */
  async find(scope: Scope, sha256: string[]): Promise<Map<string, string>> {
    const { teamId, userId } = scope;
    const rows = await this.transaction.run(scope, (manager) =>
      manager.findBy(
        StoredPromptText,
        [IsNull(), userId].map((owner) => ({ teamId, userId: owner, sha256: In(sha256) })),
      ),
    );
    return new Map(rows.map((row) => [row.sha256, row.text]));
  }
}

const storeTexts = `
  insert into ai_prompt_text (team_id, id, user_id, sha256, text, created_at)
  select $1, id, user_id, sha256, text, $3
    from jsonb_to_recordset($2::jsonb) as fresh (id uuid, user_id uuid, sha256 text, text text)
      on conflict do nothing`;
