import '../../src/app.module'; // registers the entities
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Database } from '../../src/platform/database';
import { createTestEnv } from './env';
import { administer, databaseName, readTemplate, withDatabase, type Template } from './template';

/** Where a test application keeps its data: a migrated copy of its own. */
export interface TestDatabase {
  dataDir: string;
  /** Set where the suite runs on PostgreSQL (`DATABASE_URL`). */
  databaseUrl: string | undefined;
  drop(): Promise<void>;
}

/** A fresh, migrated database: a copied directory, or a database made from the template. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { dataDir: templateDir, databaseUrl: templateUrl } = await ensureTemplate();
  const dataDir = mkdtempSync(join(tmpdir(), 'ai-studio-test-'));
  if (!templateUrl) {
    cpSync(join(templateDir, 'data'), dataDir, { recursive: true });
    return {
      dataDir,
      databaseUrl: undefined,
      drop: async () => rmSync(dataDir, { recursive: true, force: true }),
    };
  }
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

/** Migrates the run's template once; a suite in another worker waits for it. */
async function ensureTemplate(): Promise<Template> {
  const template = readTemplate();
  const [making, ready] = [join(template.dataDir, 'making'), join(template.dataDir, 'ready')];
  if (existsSync(ready)) return template;
  try {
    mkdirSync(making);
  } catch {
    for (let waited = 0; !existsSync(ready); waited += 100) {
      if (waited > 60_000)
        throw new Error('The template was not migrated within a minute; see the first failing suite.');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return template;
  }
  if (template.databaseUrl)
    await administer(template.databaseUrl, `create database ${databaseName(template.databaseUrl)}`);
  const database = await Database.open(
    createTestEnv({ dataDir: join(template.dataDir, 'data'), databaseUrl: template.databaseUrl }),
  );
  await database.close();
  writeFileSync(ready, '');
  return template;
}
