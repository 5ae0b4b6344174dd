import { execFile } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const root = join(__dirname, '../..');
const configuration = ['package.json', 'tsconfig.json', '.dependency-cruiser.cjs', '.oxlintrc.json'];

/** A copy of the product that may be broken. */
export interface Scratch {
  /** Adds `text` to the end of a file, which comes to be if there is none. */
  add(path: string, text: string): void;
  /** Each TypeScript file of the product: its path from the root, and its text. */
  sources(): { path: string; text: string }[];
  /** Runs a script of package.json; answers whether it passed and all that it printed. */
  run(script: string, ...options: string[]): Promise<{ passed: boolean; output: string }>;
  remove(): void;
}

export function createScratch(): Scratch {
  const directory = mkdtempSync(join(tmpdir(), 'ai-studio-doors-'));
  for (const path of ['src', 'libs', ...configuration])
    cpSync(join(root, path), join(directory, path), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'), 'junction');
  return {
    add: (path, text) => {
      mkdirSync(dirname(join(directory, path)), { recursive: true });
      appendFileSync(join(directory, path), `${text}\n`);
    },
    sources: () =>
      ['src', 'libs'].flatMap((folder) =>
        readdirSync(join(directory, folder), { recursive: true, encoding: 'utf8' })
          .filter((file) => file.endsWith('.ts'))
          .map((file) => join(folder, file).replaceAll('\\', '/'))
          .map((path) => ({ path, text: readFileSync(join(directory, path), 'utf8') })),
      ),
    run: (script, ...options) => runScript(directory, script, options),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function runScript(
  directory: string,
  script: string,
  options: string[],
): Promise<{ passed: boolean; output: string }> {
  const { scripts } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const command = scripts[script];
  if (!command) throw new Error(`package.json has no script ${script}.`);
  const path = [join(root, 'node_modules/.bin'), dirname(process.execPath), process.env.PATH].join(delimiter);
  return new Promise((resolve) => {
    execFile(
      [command, ...options].join(' '),
      {
        cwd: directory,
        shell: true,
        env: { ...process.env, PATH: path, NODE_OPTIONS: '' },
        maxBuffer: 64 * 1024 * 1024,
      },
      (error, stdout, stderr) =>
        resolve({ passed: !error, output: stripVTControlCharacters(stdout + stderr) }),
    );
  });
}
