import { rmSync } from 'node:fs';
import { administer, databaseName, readTemplate } from './template';

export default async function globalTeardown(): Promise<void> {
  const { databaseUrl, folder } = readTemplate();
  if (databaseUrl)
    await administer(databaseUrl, `drop database if exists ${databaseName(databaseUrl)} with (force)`);
  rmSync(folder, { recursive: true, force: true });
}
