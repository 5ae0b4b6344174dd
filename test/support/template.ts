import { Client } from 'pg';

/** A migrated, empty database that every test application copies, and what else suites share: see `once-a-run.ts`. */
export interface Template {
  dataDir: string;
  /** Set where the suite runs on PostgreSQL (`DATABASE_URL`). */
  databaseUrl: string | undefined;
}

export const templateVariable = 'AI_STUDIO_TEST_TEMPLATE';

export function readTemplate(): Template {
  const template = JSON.parse(process.env[templateVariable] ?? '{}') as Partial<Template>;
  if (!template.dataDir) throw new Error('The template is missing: run tests through jest.config.cjs.');
  return { dataDir: template.dataDir, databaseUrl: template.databaseUrl };
}

/** Runs one statement on the server's maintenance database. */
export async function administer(databaseUrl: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: withDatabase(databaseUrl, 'postgres') });
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
