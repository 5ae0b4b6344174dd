import type { TestApp } from '../../support/app';
import { createTestDatabase } from '../../support/databases';
import { ServerProcesses } from '../../support/process';
import { readFileSync } from 'node:fs';

/** The server that requests are sent to. */
export interface Target {
  url: string;
  /** Every line that it wrote, on whichever output. */
  lines(): string[];
  /** Whether it has ended. */
  hasEnded(): boolean;
  /** Bytes of memory that it holds; `undefined` where that cannot be told apart from the test's own. */
  memory(): number | undefined;
  close(): Promise<void>;
}

/** The application in this process: quick to start, and one can look into it. */
export function targetOf(app: TestApp): Target {
  return {
    url: app.url,
    lines: () => app.logs,
    hasEnded: () => false,
    memory: () => undefined,
    close: () => app.close(),
  };
}

/** A server process of its own, which alone can end, warn and be weighed. */
export async function startTarget(): Promise<Target> {
  const database = await createTestDatabase();
  const servers = new ServerProcesses();
  const server = await servers.start(database, { LOG_LEVEL: 'info' });
  let ended = false;
  void server.exited.then(() => (ended = true));
  return {
    url: server.url,
    lines: () => server.output.split('\n'),
    hasEnded: () => ended,
    memory: () => residentBytes(server.pid),
    close: async () => {
      await servers.close();
      await database.drop();
    },
  };
}

/** On Linux; elsewhere nobody says it without asking another program. */
function residentBytes(pid: number): number | undefined {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
  } catch {
    return undefined;
  }
}
