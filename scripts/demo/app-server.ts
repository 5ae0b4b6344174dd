import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import options from '../server-options.json' with { type: 'json' };

const main = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url));
const startTimeoutMs = 60_000;
const stopTimeoutMs = 30_000;

/** The built server in a process of its own, on the embedded database. */
export interface AppServer {
  url: string;
  pid: number;
  /** Milliseconds from the start of the process to its first healthy answer. */
  healthyAfterMs: number;
  /** Stops it as an operator would, with SIGTERM, and waits for its end. */
  stop(): Promise<void>;
}

/**
 * Starts `dist/src/main.js` on `dataDir` and waits for its first healthy answer. `variables` are all it gets of an
 * environment, apart from what any process needs: nothing of the caller's own configuration. Throws an `Error` with
 * what the server said where it does not start.
 */
export async function startAppServer(
  dataDir: string,
  variables: Record<string, string> = {},
): Promise<AppServer> {
  if (!existsSync(main))
    throw new Error('There is no build. Run npm run build first, or start this with npm run.');
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const startedAt = performance.now();
  const child = spawn(process.execPath, [...options.nodeOptions, main], {
    // The channel tells the server where this process vanishes without a word: it stops then.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      ...inherited(),
      ...options.environment,
      HOST: '127.0.0.1',
      PORT: String(port),
      DATA_DIR: dataDir,
      LOG_LEVEL: 'warn',
      ...variables,
    },
  });
  let said = '';
  const listen = (chunk: Buffer) => {
    said = `${said}${chunk.toString()}`.slice(-4_000);
  };
  child.stdout?.on('data', listen);
  child.stderr?.on('data', listen);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));

  while (!(await isHealthy(url))) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`The server did not start. It said:\n${said}`);
    if (performance.now() - startedAt > startTimeoutMs) {
      child.kill('SIGKILL');
      throw new Error(`The server was not healthy within ${startTimeoutMs / 1000} s. It said:\n${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return {
    url,
    pid: child.pid ?? 0,
    healthyAfterMs: performance.now() - startedAt,
    stop: async () => {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/health/ready`);
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false; // nobody listens yet
  }
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (typeof address !== 'object' || !address) throw new Error('No port is free.');
  return address.port;
}

/** What a process needs to run at all, on any system. */
function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'TMPDIR', 'TEMP', 'TMP', 'SystemRoot', 'LANG'];
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}
