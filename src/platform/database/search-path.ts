import type { ClientBase } from 'pg';

/**
 * Where a session looks for tables and functions that are named without their schema, set in each that we open: what the
 * database or a role was given (`alter database … set search_path`) could put others in their place, for the server and
 * for what verifies its work alike. Behind it stands what is temporary, which else would come first; PostgreSQL's own
 * catalogue, named nowhere, comes before both.
 */
export async function setSearchPath(client: Pick<ClientBase, 'query'>): Promise<void> {
  await client.query('set search_path = public, pg_temp');
}
