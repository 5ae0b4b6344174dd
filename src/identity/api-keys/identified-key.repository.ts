import { Inject, Injectable } from '@nestjs/common';
import type { TeamId, UserId } from '@kdx/shared';
import { Database } from '../../platform/database';

/** What has to be known of a key before anybody is let in with it. */
export interface IdentifiedKey {
  id: UserId;
  teamId: TeamId;
  name: string;
  scopes: string[];
  digest: Buffer;
  expiresAt: Date | null;
}

/** Finds a key by its id alone, before it is known which team calls: as the owner of the table, which may read it. */
@Injectable()
export class IdentifiedKeyRepository {
  constructor(@Inject(Database) private readonly database: Database) {}

  async find(id: string): Promise<IdentifiedKey | undefined> {
    const { rows } = await this.database.pool.query<IdentifiedKey>(
      `select id, team_id as "teamId", name, scopes, digest, expires_at as "expiresAt" from api_key where id = $1`,
      [id],
    );
    return rows[0];
  }
}
