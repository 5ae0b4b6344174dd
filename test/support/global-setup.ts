import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, statfsSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { templateVariable, withDatabase, type Template } from './template';

const root = resolve(__dirname, '../..');
const memoryFolder = '/dev/shm';
/** In bytes: a database is 40 MB, and each suite that runs has some. */
const enoughMemory = 2 * 1024 ** 3;

/**
 * Makes this run's folder: `build` is the build as it is now, whatever is built meanwhile, and `data` the empty, migrated
 * database that comes with it. Chooses where the template on a PostgreSQL server goes; see `databases.ts`.
 */
export default function globalSetup(): void {
  if (!process.env.AI_STUDIO_TEST_BUILD) throw new Error('Run suites by `npm test`, which builds first.');
  if (!process.env.TMPDIR && isRoomy(memoryFolder)) process.env.TMPDIR = memoryFolder;
  const server = process.env.DATABASE_URL;
  const name = `ai_studio_template_${randomBytes(6).toString('hex')}`;
  const template: Template = {
    folder: mkdtempSync(join(tmpdir(), 'ai-studio-template-')),
    databaseUrl: server ? withDatabase(server, name) : undefined,
  };
  copyBuild(process.env.AI_STUDIO_TEST_BUILD, template.folder);
  process.env[templateVariable] = JSON.stringify(template);
}

function copyBuild(dist: string, folder: string): void {
  const [build, data] = [join(folder, 'build'), join(folder, 'data')];
  for (const part of ['src', 'libs'])
    cpSync(join(dist, part), join(build, 'dist', part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(build, 'node_modules'), 'junction');
  mkdirSync(data);
  cpSync(realpathSync(join(dist, 'empty-database')), join(data, 'database'), { recursive: true });
  symlinkSync(join(data, 'database'), join(build, 'dist/empty-database'), 'junction');
}

/** A database is twelve hundred files: to copy them on a disk may take longer than to open it. Docker gives 64 MB of memory for files. */
function isRoomy(folder: string): boolean {
  if (!existsSync(folder)) return false;
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize > enoughMemory;
}
