import { execFile, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describeLong, publish } from './proof';

const root = resolve(__dirname, '../..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

interface LockedPackage {
  dev?: boolean;
  hasInstallScript?: boolean;
}

/** Where the product runs: each with its place in node_modules. */
function productionPackages(): [path: string, LockedPackage][] {
  const { packages } = JSON.parse(read('package-lock.json')) as { packages: Record<string, LockedPackage> };
  return Object.entries(packages).filter(([path, { dev }]) => path !== '' && !dev);
}

/** What would run a script, and is never let. It reports installations to its makers; nothing of the product needs it. */
const silenced = ['node_modules/@scarf/scarf'];

describe('packages in production', () => {
  it('are installed without running a script of theirs, everywhere', () => {
    const installs = ['scripts/run.mjs', 'Dockerfile'].flatMap((path) =>
      read(path)
        .split('\n')
        .filter((line) => /^RUN npm (ci|i)|'npm', \['(ci|i)/.test(line)),
    );
    expect(installs.length).toBeGreaterThanOrEqual(3);
    for (const line of installs) expect(line).toContain('--ignore-scripts');
    const scripted = productionPackages().filter(([, { hasInstallScript }]) => hasInstallScript);
    expect(scripted.map(([path]) => path)).toEqual(silenced);
  });
});

describeLong('an installation for production, in which no script ran', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ai-studio-install-'));
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('has a server that starts', async () => {
    for (const name of ['package.json', 'package-lock.json', '.npmrc'])
      cpSync(join(root, name), join(folder, name));
    cpSync(join(root, 'dist'), join(folder, 'dist'), {
      recursive: true,
      filter: (path) => !path.endsWith('empty-database'),
    });
    await promisify(execFile)('npm', ['ci', '--omit=dev', '--ignore-scripts', '--no-audit'], { cwd: folder });
    expect(existsSync(join(folder, 'node_modules/jest'))).toBe(false);
    const started = await startsIn(folder);
    const all = productionPackages();
    const scripted = all.filter(([, { hasInstallScript }]) => hasInstallScript).length;
    publish({
      name: 'install scripts that must run in production',
      found: started ? 0 : scripted,
      of: all.length,
      aim: 0,
    });
    expect(started).toBe(true);
  }, 300_000);
});

async function startsIn(folder: string): Promise<boolean> {
  const { PATH = '', HOME = '' } = process.env;
  const server = spawn(process.execPath, [join(folder, 'dist/src/main.js')], {
    cwd: folder,
    env: { PATH, HOME, PORT: '0', DATA_DIR: join(folder, 'data') },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise<false>((done) => server.once('exit', () => done(false)));
  const listens = new Promise<true>((done) => {
    server.stdout.on('data', (text: Buffer) => text.includes('listens on http') && done(true));
  });
  const started = await Promise.race([listens, exited]);
  server.kill('SIGTERM');
  await exited;
  return started;
}
