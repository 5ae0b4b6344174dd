import { Column, Entity, PrimaryColumn } from 'typeorm';

abstract class ConfigDocument {
  @Column('jsonb')
  config!: Record<string, unknown>;

  /** Version of the registered schema under which the document was saved. */
  @Column('integer', { name: 'schema_version' })
  schemaVersion!: number;

  /** Counts the saves; what a writer saw. */
  @Column('integer')
  version!: number;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}

/** What a team's admins configured of an app. */
@Entity('app_team_config')
export class AppTeamConfig extends ConfigDocument {
  @PrimaryColumn('uuid', { name: 'team_id' })
  teamId!: string;

  @PrimaryColumn('text', { name: 'app_id' })
  appId!: string;

  @Column('uuid', { name: 'updated_by' })
  updatedBy!: string;
}

/** What a user configured of an app, in a team. */
@Entity('user_app_team_config')
export class UserAppTeamConfig extends ConfigDocument {
  @PrimaryColumn('uuid', { name: 'team_id' })
  teamId!: string;

  @PrimaryColumn('uuid', { name: 'user_id' })
  userId!: string;

  @PrimaryColumn('text', { name: 'app_id' })
  appId!: string;
}
