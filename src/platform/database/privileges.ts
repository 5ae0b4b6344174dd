import { type ClientBase, escapeIdentifier } from 'pg';

/** Which transactions take which, `transactions.ts` says. */
const roles = ['ai_studio_app', 'ai_studio_platform', 'ai_studio_maintenance'];

type Asking = Pick<ClientBase, 'query'>;

/** Throws where the database user may not look into the schema: what it made would be temporary. */
export async function assertSchema(client: Asking): Promise<void> {
  const { rows } = await client.query<Missing>(
    `select format('grant create, usage on schema public to %I;', current_user) as statement
      where not has_schema_privilege('public', 'usage')`,
  );
  assertNone('may not use the schema public', rows);
}

/**
 * Throws where the database user may not take the roles in which the server works, or these not use the schema, with all
 * that an administrator has to run. Migrating grants them; a database that was restored elsewhere, or a grant that was
 * revoked, has them no more.
 */
export async function assertRoles(client: Asking): Promise<void> {
  const { rows } = await client.query<Missing>(`${missingRoles} union all ${missingUsage}`, [roles]);
  assertNone('may not work in the roles of AI Studio', rows);
}

interface Missing {
  statement: string;
}

function assertNone(problem: string, missing: Missing[]): void {
  if (missing.length === 0) return;
  const statements = missing.map(({ statement }) => statement).join(' ');
  throw new Error(
    `The database user ${problem}. Ask an administrator to run, in this database: ${statements}`,
  );
}

const missingUsage = `
  select format('grant usage on schema public to %I;', rolname)
    from pg_roles where rolname = any($1) and not has_schema_privilege(oid, 'public', 'usage')`;

const missingRoles = `
  select case when pg_roles.oid is null then format('create role %I nologin; ', name) else '' end
           || format('grant %I to %I;', name, current_user) as statement
    from unnest($1::text[]) as name left join pg_roles on rolname = name
   where pg_roles.oid is null
      or not pg_has_role(current_user, pg_roles.oid,
                         case when current_setting('server_version_num')::int >= 160000 then 'set' else 'member' end)`;

/** What a migration failed with; where the database user may make no tables, what an administrator has to run. */
export function toMigrationError(error: unknown, user: string): unknown {
  const { code, message } = Object(error) as { code?: unknown; message?: unknown }; // TypeORM's has what PostgreSQL said
  if (code !== insufficientPrivilege || !String(message).includes('schema public')) return error;
  return new Error(
    `The database user may make no tables. Ask an administrator to run, in this database: grant create, usage on schema public to ${escapeIdentifier(user)};`,
    { cause: error },
  );
}

const insufficientPrivilege = '42501';
