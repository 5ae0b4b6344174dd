import { Inject, Injectable } from '@nestjs/common';
import type { TeamId, UserId } from '@kdx/shared';
import { AcrossTeams, Recovery } from '../../platform/database';

const atOnce = 100;

/** An answer whose process is gone. */
export interface AbandonedAnswer {
  id: string;
  teamId: TeamId;
  userId: UserId;
}

/** Finds answers that a vanished process left, across teams: whose they are, and nothing that they say. */
@Injectable()
export class AbandonedAnswers {
  constructor(
    @Inject(AcrossTeams) private readonly acrossTeams: AcrossTeams,
    @Inject(Recovery) private readonly recovery: Recovery,
  ) {}

  /** Marks them as interrupted, at start and now and then; `settle` is called after it. */
  register(settle: () => Promise<void>): void {
    this.recovery.register(
      'answers',
      (isGone) =>
        `update chat_message set status = 'interrupted', updated_at = now() where status = 'streaming' and ${isGone}`,
      settle,
    );
  }

  /** Those that are marked and that nobody has taken over, some of them; after the one with this id. */
  list(after: string | undefined): Promise<AbandonedAnswer[]> {
    return this.acrossTeams.read<AbandonedAnswer>(
      `select id, team_id as "teamId", user_id as "userId" from chat_message
        where status = 'interrupted' and instance_id is not null and ${this.recovery.isGone}
          and ($1::uuid is null or id > $1::uuid)
        order by id limit ${atOnce}`,
      [after ?? null],
    );
  }
}
