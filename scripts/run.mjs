/*
 * What `npm start`, `npm test` and the other commands run. Plain JavaScript for any Node from 20.19 on: it installs the
 * locked packages if they are not there, and goes on with the Node 24 that is among them.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { removeOldDatabases } from './empty-databases.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const inRoot = (...parts) => join(root, ...parts);
/*
 * How the server process is started, here and in the Dockerfile (a test keeps them alike). It holds little and waits
 * much: a small heap that is cleaned often, and one thread that optimises code. The embedded database is compiled but not
 * optimised, since one of its functions takes 600 MB and seconds for that. What glibc's threads have freed, the others
 * use. Measured by `npm run bench`.
 */
const server = JSON.parse(readFileSync(inRoot('scripts/server-options.json'), 'utf8'));
/** How suites run, whose worker processes hold an embedded database each. */
const jest = ['--liftoff-only', inRoot('node_modules/jest/bin/jest.js')];
const jestEnvironment = {
  NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning',
  AI_STUDIO_TEST_BUILD: inRoot('dist'),
};
const [command = 'start', ...rest] = process.argv.slice(2);

const commands = {
  start: () => {
    build();
    return launch([...server.nodeOptions, inRoot('dist/src/main.js')], server.environment);
  },
  test: () => {
    build();
    const isWhole = rest.every((argument) => argument.startsWith('-') && !argument.startsWith('--testPath'));
    const config = isWhole ? ['--config', inRoot('jest.batches.config.cjs')] : [];
    return launch([...jest, ...config, ...rest], jestEnvironment);
  },
  ...Object.fromEntries(
    ['isolation', 'secrets', 'input', 'audit', 'streams'].map((name) => [`prove:${name}`, () => prove(name)]),
  ),
  demo: () => {
    build();
    return launch([inRoot('scripts/demo.ts'), ...rest]);
  },
  bench: () => {
    build();
    return launch([inRoot('bench/run.ts'), ...rest]);
  },
  generate: () => {
    build();
    return launch([inRoot('scripts/generate.ts'), ...rest]);
  },
  'keys:generate': () => {
    build();
    return launch([inRoot('scripts/generate-keys.ts')]);
  },
  'keys:rotate': () => {
    build();
    return launch([inRoot('dist/src/keys-rotate.js'), ...rest], server.environment);
  },
  'audit:verify': () => {
    build();
    return launch([inRoot('dist/src/audit-verify.js'), ...rest], server.environment);
  },
  'models:sync': () => {
    build();
    return launch([inRoot('dist/src/models-sync.js'), ...rest], server.environment);
  },
  check: () => check(),
};

install();
const run = commands[command];
if (!run) {
  console.error(`There is no command ${command}. Choose one of ${Object.keys(commands).join(', ')}.`);
  process.exit(2);
}
process.exitCode = await run();

/** Installs exactly the locked packages, unless they are there. No package runs a script of its own. */
function install() {
  const lock = createHash('sha256')
    .update(readFileSync(inRoot('package-lock.json')))
    .digest('hex');
  const stamp = inRoot('node_modules/.installed-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  if (isInstalledByHand()) return;
  console.error('Installing the locked packages…'); // not among what a command prints
  const result = spawnSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['inherit', process.stderr, 'inherit'],
    shell: process.platform === 'win32',
  });
  if (result.status !== 0) process.exit(result.status ?? 1);
  writeFileSync(stamp, lock);
}

/** npm notes what it installed last; newer than the lock, it is what a developer's own `npm install` made. */
function isInstalledByHand() {
  const note = inRoot('node_modules/.package-lock.json');
  return existsSync(note) && statSync(note).mtimeMs >= statSync(inRoot('package-lock.json')).mtimeMs;
}

/** The pinned Node of this platform, or the one that runs this, if it is new enough. */
function nodeBinary() {
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const pinned = inRoot('node_modules', `node-${platform}-${process.arch}`, 'bin', name);
  if (existsSync(pinned)) return pinned;
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 19)) return process.execPath;
  console.error(
    `AI Studio needs Node 22.19 or newer; this is ${process.version}, and no pinned Node exists for ${process.platform}-${process.arch}.`,
  );
  process.exit(1);
}

/** Builds into dist/, unless nothing changed since the last build. */
function build() {
  const stamp = inRoot('dist/.built-from');
  const now = fingerprint();
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== now) {
    compile();
    writeFileSync(stamp, now);
  }
  if (!existsSync(inRoot('dist/empty-database'))) putEmptyDatabase();
}

function compile() {
  const result = spawnSync(nodeBinary(), [inRoot('node_modules/@nestjs/cli/bin/nest.js'), 'build'], {
    cwd: root,
    encoding: 'utf8',
  });
  if (result.status !== 0) {
    console.error(`${result.stdout}${result.stderr}`);
    process.exit(result.status ?? 1);
  }
  mkdirSync(inRoot('dist'), { recursive: true });
}

/**
 * Puts an embedded database beside the build that is empty and migrated, for first starts to copy. It outlives builds; what
 * makes it, as it was built, names it. It only saves time: without it a start makes its own.
 */
function putEmptyDatabase() {
  const cache = inRoot('node_modules/.cache/ai-studio');
  const makers = ['migrations', 'platform/database', 'platform/embedded-database'].map(
    (part) => `dist/src/${part}`,
  );
  const name = `empty-database-${digest([...makers, 'scripts/make-empty-database.mjs', 'package-lock.json'])}`;
  const link = inRoot('dist/empty-database');
  try {
    if (!existsSync(join(cache, name))) makeEmptyDatabase(join(cache, name));
    rmSync(link, { force: true }); // one that leads nowhere
    symlinkSync(join(cache, name), link, 'junction');
    removeOldDatabases(cache, name);
  } catch (error) {
    console.error(
      `No empty database was put beside the build; the first start makes its own. ${error.message}`,
    );
  }
}

function makeEmptyDatabase(target) {
  const make = ['--liftoff-only', inRoot('scripts/make-empty-database.mjs'), inRoot('dist'), target];
  const { status, stderr } = spawnSync(nodeBinary(), make, { cwd: root, encoding: 'utf8', timeout: 120_000 });
  if (status !== 0) throw new Error(stderr.trim().split('\n').at(-1) || 'It took too long.');
}

/** Of what the files say, whenever they were written. */
function digest(paths) {
  const hash = createHash('sha256');
  for (const path of paths)
    for (const file of listFiles(path)) hash.update(`${file}\n`).update(readFileSync(inRoot(file)));
  return hash.digest('hex').slice(0, 16);
}

function fingerprint() {
  const hash = createHash('sha256');
  const add = (path) => {
    const { mtimeMs, size } = statSync(inRoot(path));
    hash.update(`${path} ${mtimeMs} ${size}\n`);
  };
  const built = ['src', 'libs', 'package-lock.json', 'tsconfig.json', 'nest-cli.json', '.swcrc'];
  built.flatMap(listFiles).forEach(add);
  return hash.digest('hex');
}

/** A file, or all in a folder, by their paths from the root. */
function listFiles(path) {
  if (statSync(inRoot(path)).isFile()) return [path];
  return readdirSync(inRoot(path), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length + 1))
    .sort();
}

/** Runs a file under the pinned Node; signals go on to it, and it notices if this process vanishes. */
function launch(args, env = {}) {
  const bin = inRoot('node_modules', '.bin');
  const child = spawn(nodeBinary(), args, {
    cwd: ['start', 'keys:rotate', 'models:sync', 'audit:verify'].includes(command) ? process.cwd() : root,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: {
      ...process.env,
      PATH: `${bin}${process.platform === 'win32' ? ';' : ':'}${process.env.PATH}`,
      ...env,
    },
  });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  if (process.env.npm_lifecycle_event) stopWithParent(child);
  return new Promise((resolve) => child.on('exit', (code, signal) => resolve(code ?? (signal ? 1 : 0))));
}

/** The shell between npm and this process dies of a signal that npm gets, and tells nobody. */
function stopWithParent(child) {
  const parent = process.ppid;
  setInterval(() => process.ppid === parent || child.kill('SIGTERM'), 500).unref();
}

/**
 * The long form of a proof in test/prove, and its figures as a table. `--seed <number>` repeats a run; whatever else is
 * given goes to Jest.
 */
async function prove(name) {
  build();
  const { values, positionals } = readProveOptions();
  const folder = mkdtempSync(join(tmpdir(), 'ai-studio-prove-'));
  const report = join(folder, 'figures.jsonl');
  writeFileSync(report, '');
  const seed = values.seed ?? String(randomInt(2 ** 31));
  console.log(`npm run prove:${name} -- --seed ${seed}\n`);
  const code = await launch([...jest, '--runInBand', `test/prove/${name}`, ...positionals], {
    ...jestEnvironment,
    PROVE: 'long',
    PROVE_SEED: seed,
    PROVE_REPORT: report,
  });
  printFigures(readFileSync(report, 'utf8').split('\n').filter(Boolean).map(JSON.parse));
  rmSync(folder, { recursive: true });
  return code;
}

function readProveOptions() {
  try {
    return parseArgs({ args: rest, options: { seed: { type: 'string' } }, allowPositionals: true });
  } catch (error) {
    console.error(error.message);
    process.exit(2);
  }
}

function printFigures(figures) {
  const count = (number) => number.toLocaleString('en-US');
  console.log('\n| figure | found | of | aim | mode | seed |\n| --- | ---: | ---: | ---: | --- | ---: |');
  for (const { name, found, of, aim, mode, seed } of figures)
    console.log(`| ${name} | ${count(found)} | ${count(of)} | ${aim} | ${mode} | ${seed} |`);
}

/** Every static check; all run, so that one report names all that is wrong. */
async function check() {
  const checks = [
    ['format', ['node_modules/prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.']],
    ['lint', ['node_modules/oxlint/bin/oxlint', '--deny-warnings']],
    ['types', ['node_modules/typescript/bin/tsc', '--noEmit', '-p', 'tsconfig.json']],
    [
      'boundaries',
      [
        'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs',
        '--config',
        '.dependency-cruiser.cjs',
        'src',
        'libs',
      ],
    ],
    ['unused', ['node_modules/knip/bin/knip.js']],
    ['drift', ['scripts/generate.ts', '--check']],
  ];
  build();
  const failed = [];
  for (const [name, args] of checks) {
    const started = Date.now();
    const code = await launch(args);
    console.log(
      `${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`,
    );
    if (code !== 0) failed.push(name);
  }
  console.log(failed.length === 0 ? 'All static checks passed.' : `Failed: ${failed.join(', ')}.`);
  return failed.length === 0 ? 0 : 1;
}
