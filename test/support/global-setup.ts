import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { templateVariable, withDatabase, type Template } from './template';

/** Chooses where this run's template goes. The first suite that needs it migrates it: see `databases.ts`. */
export default function globalSetup(): void {
  const server = process.env.DATABASE_URL;
  const name = `ai_studio_template_${randomBytes(6).toString('hex')}`;
  const template: Template = {
    dataDir: mkdtempSync(join(tmpdir(), 'ai-studio-template-')),
    databaseUrl: server ? withDatabase(server, name) : undefined,
  };
  process.env[templateVariable] = JSON.stringify(template);
}
