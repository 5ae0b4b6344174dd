import type { MigrationInterface, QueryRunner } from 'typeorm';

const roles = ['ai_studio_app', 'ai_studio_platform', 'ai_studio_maintenance'];
/** Of who made a role and is no superuser, PostgreSQL says since version 16 that it is a member, and may not take it. */
const mayTake = `case when current_setting('server_version_num')::int >= 160000 then 'set' else 'member' end`;

/**
 * The three roles that the application takes inside its transactions. None can log in, owns anything, or bypasses
 * row-level security. Roles belong to the whole server, so they may be there already, and `down` leaves them.
 */
export class Roles1763800000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const role of roles) {
      await runner.query(`
        do $$
        begin
          if not exists (select from pg_roles where rolname = '${role}') then
            create role ${role} nologin nosuperuser nobypassrls nocreatedb nocreaterole;
          end if;
          if not pg_has_role(current_user, '${role}', ${mayTake}) then
            execute format('grant ${role} to %I', current_user);
          end if;
        exception
          when duplicate_object or unique_violation then null;
          when insufficient_privilege then
            raise exception 'The database user may not create or grant the roles of AI Studio. Ask an administrator to run: %', (
              select string_agg(
                       case when exists (select from pg_roles where rolname = role) then '' else format('create role %I nologin; ', role) end
                         || format('grant %I to %I;', role, current_user), ' ')
                from unnest('{${roles.join()}}'::text[]) as role
               where case when exists (select from pg_roles where rolname = role)
                          then not pg_has_role(current_user, role, ${mayTake}) else true end);
        end
        $$;
      `);
    }
  }

  async down(): Promise<void> {
    // Other databases of the same server may use the roles.
  }
}
