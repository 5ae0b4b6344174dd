import type { QueryRunner } from 'typeorm';

interface TeamTableOptions {
  /** True where a row belongs to one user of the team (`user_id`): the policy then asks for both. */
  ownedByUser?: boolean;
  /** What the application role may do. Reads always. */
  allow?: ('insert' | 'update' | 'delete')[];
}

const currentTeam = `(select nullif(current_setting('app.team_id', true), '')::uuid)`;
const currentUser = `(select nullif(current_setting('app.user_id', true), '')::uuid)`;

/**
 * Gives a table with `team_id` its row-level security: enabled, forced, one policy for the application role.
 * The sub-selects are evaluated once a statement; after a transaction the setting reads '' and not null.
 */
export async function protectTeamTable(
  runner: QueryRunner,
  table: string,
  { ownedByUser = false, allow = ['insert', 'update', 'delete'] }: TeamTableOptions = {},
): Promise<void> {
  const mine = ownedByUser
    ? `team_id = ${currentTeam} and user_id = ${currentUser}`
    : `team_id = ${currentTeam}`;
  await runner.query(`
    alter table ${table} enable row level security;
    alter table ${table} force row level security;
    create policy team_isolation on ${table} to ai_studio_app using (${mine}) with check (${mine});
    grant ${['select', ...allow].join(', ')} on ${table} to ai_studio_app;
  `);
}
