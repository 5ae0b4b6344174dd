import { Client } from 'pg';

/** What the suites of one run of Jest share: made by `global-setup.ts`. */
export interface Template {
  /** `build`: the product as it was built; `data`: a migrated, empty embedded database in `database`. */
  folder: string;
  /** Of a migrated, empty database on the server, where the suites run on PostgreSQL (`DATABASE_URL`). */
  databaseUrl: string | undefined;
}

export const templateVariable = 'AI_STUDIO_TEST_TEMPLATE';

export function readTemplate(): Template {
  return JSON.parse(process.env[templateVariable] ?? '') as Template; // what global-setup.ts wrote
}

/** Runs one statement on the server's maintenance database. */
export function administer(databaseUrl: string, statement: string): Promise<void> {
  return runIn(withDatabase(databaseUrl, 'postgres'), statement);
}

/** Runs one statement, or several, in the database that is named. */
export async function runIn(databaseUrl: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

export function databaseName(databaseUrl: string): string {
  return new URL(databaseUrl).pathname.slice(1);
}

export function withDatabase(databaseUrl: string, name: string): string {
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  return url.href;
}
