import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import options from '../../scripts/server-options.json';
import { generousLimits } from './env';
import { readTemplate } from './template';

/** Where a server keeps its data. */
interface Place {
  dataDir: string;
  databaseUrl: string | undefined;
}

/** Real server processes, of this run's copy of the build. `close` ends what still runs. */
export class ServerProcesses {
  private readonly all: ServerProcess[] = [];
  readonly folder = join(readTemplate().folder, 'build');

  /** Spawns a server, as `npm start` does, with these environment variables and no others. */
  spawn(place: Place, variables: Record<string, string> = {}, script = ['main.js']): ServerProcess {
    const [file = '', ...args] = script;
    const child = spawn(
      process.execPath,
      [...options.nodeOptions, join(this.folder, 'dist/src', file), ...args],
      {
        cwd: this.folder,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          ...cleanEnvironment(),
          ...options.environment,
          PORT: '0',
          DATA_DIR: place.dataDir,
          ...(place.databaseUrl ? { DATABASE_URL: place.databaseUrl } : {}),
          AUTH_SIGN_UP: 'open',
          EGRESS_ALLOW_HOSTS: '127.0.0.1',
          MODEL_CATALOGUE_SEED: 'off',
          ...generousLimits,
          ...variables,
        },
      },
    );
    const server = new ServerProcess(child);
    this.all.push(server);
    return server;
  }

  /** Spawns a server and waits until it listens. */
  async start(place: Place, variables: Record<string, string> = {}): Promise<ServerProcess> {
    const server = this.spawn(place, variables);
    await server.listens();
    return server;
  }

  /** Runs a command of the terminal to its end: the file beside `main.js`, and its arguments. */
  async run(
    script: string[],
    place: Place,
    variables: Record<string, string> = {},
  ): Promise<{ code: number | null; output: string }> {
    const command = this.spawn(place, variables, script);
    const { code } = await command.exited;
    return { code, output: command.output };
  }

  async close(): Promise<void> {
    for (const server of this.all) server.kill('SIGKILL');
    await Promise.all(this.all.map(({ exited }) => exited));
  }
}

/** Of what a process says: a campaign of tens of thousands of requests is told of in gigabytes. */
const keptBytes = 64 * 1024 * 1024;

/** One server process. */
export class ServerProcess {
  url = '';
  private readonly said: string[] = [];
  private size = 0;
  readonly exited: Promise<{ code: number | null; signal: string | null }>;

  constructor(private readonly child: ChildProcess) {
    const keep = (chunk: Buffer) => {
      this.said.push(chunk.toString());
      for (this.size += chunk.length; this.size > keptBytes;)
        this.size -= Buffer.byteLength(this.said.shift() ?? '');
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    this.exited = new Promise((done) => {
      child.on('close', (code, signal) => done({ code, signal }));
    });
  }

  /** What it wrote to both outputs: all of it, or where that is too much, the newest. */
  get output(): string {
    return this.said.join('');
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Resolves when it has printed its address; throws what it printed if it ends before. */
  async listens(): Promise<void> {
    const printed = new Promise<string>((found) => {
      const look = () => {
        const url = /listens on (http\S+)/.exec(this.output)?.[1];
        if (!url) return;
        this.child.stdout?.off('data', look); // what it says later may be much
        found(url);
      };
      this.child.stdout?.on('data', look);
      look();
    });
    const failed = this.exited.then(({ code }) => {
      throw new Error(`The server ended with ${code}:\n${this.output}`);
    });
    this.url = await Promise.race([printed, failed]);
  }
}

/** What any process needs, and none of the variables of this product. */
function cleanEnvironment(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'SystemRoot'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}
