import '../../src/app.module'; // registers the entities
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database } from '../../src/platform/database';
import { createTestEnv } from './env';
import { onceARun } from './once-a-run';
import { administer, databaseName, readTemplate, withDatabase } from './template';

/** Where a test application keeps its data: a migrated copy of its own. */
export interface TestDatabase {
  dataDir: string;
  /** Set where the suite runs on PostgreSQL (`DATABASE_URL`). */
  databaseUrl: string | undefined;
  drop(): Promise<void>;
}

/** A fresh, migrated database: a copied directory, or a database made from the template. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { folder, databaseUrl: templateUrl } = readTemplate();
  const dataDir = mkdtempSync(join(tmpdir(), 'ai-studio-test-'));
  if (!templateUrl) {
    cpSync(join(folder, 'data'), dataDir, { recursive: true });
    return {
      dataDir,
      databaseUrl: undefined,
      drop: async () => rmSync(dataDir, { recursive: true, force: true }),
    };
  }
  await onceARun('migration', (dir) => migrate(dir, templateUrl));
  const name = `ai_studio_test_${randomBytes(6).toString('hex')}`;
  await administer(templateUrl, `create database ${name} template ${databaseName(templateUrl)}`);
  return {
    dataDir,
    databaseUrl: withDatabase(templateUrl, name),
    drop: async () => {
      await administer(templateUrl, `drop database if exists ${name} with (force)`);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Makes the run's template on the server. */
async function migrate(dataDir: string, databaseUrl: string): Promise<void> {
  await administer(databaseUrl, `create database ${databaseName(databaseUrl)}`);
  const database = await Database.open(createTestEnv({ dataDir, databaseUrl }));
  await database.close();
}
