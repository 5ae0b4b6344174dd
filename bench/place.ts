import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { startAppServer, type AppServer } from '../scripts/demo/app-server.ts';

/** Where a measured server keeps its data: a directory of its own, and with `DATABASE_URL` a database of its own there. */
export interface Place {
  /** What a process in this place needs of an environment. */
  variables: Record<string, string>;
  start(variables?: Record<string, string>): Promise<AppServer>;
  remove(): Promise<void>;
}

const databaseUrl = process.env['DATABASE_URL'];

export const mode = databaseUrl ? 'PostgreSQL' : 'embedded database';

/** Beyond what any part sends: one caller that is measured calls as often as a company. */
export const roomyLimits = {
  RATE_LIMIT_CALLS: '1000000/60',
  RATE_LIMIT_TEAM: '1000000/60',
  RATE_LIMIT_MODEL_CALLS: '1000000/60',
};

export async function createPlace(): Promise<Place> {
  const dataDir = mkdtempSync(join(tmpdir(), 'ai-studio-bench-'));
  const removeDirectory = () => rmSync(dataDir, { recursive: true, force: true });
  if (!databaseUrl) {
    return {
      variables: { DATA_DIR: dataDir },
      start: (variables) => startAppServer(dataDir, { ...roomyLimits, ...variables }),
      remove: async () => removeDirectory(),
    };
  }
  const name = `ai_studio_bench_${randomBytes(6).toString('hex')}`;
  await administer(`create database ${name}`);
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  const keys = {
    AI_STUDIO_KEK: `bench:${randomBytes(32).toString('base64')}`,
    AUTH_SECRET: randomBytes(32).toString('base64'),
  };
  return {
    variables: { ...keys, DATA_DIR: dataDir, DATABASE_URL: url.href },
    start: (variables) =>
      startAppServer(dataDir, { ...roomyLimits, ...keys, DATABASE_URL: url.href, ...variables }),
    remove: async () => {
      await administer(`drop database ${name} with (force)`);
      removeDirectory();
    },
  };
}

async function administer(statement: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
