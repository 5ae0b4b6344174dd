import { Client } from 'pg';

/** One statement that was sent to the database, and what came back. */
export interface Statement {
  /** As the application wrote it; ids that it wrote into the text are `<id>`. */
  text: string;
  /** Whether it ran in a transaction of `TeamTransaction`, as the application role. */
  asTeam: boolean;
  rowCount: number | null;
  rows: unknown[];
}

/** Changes a statement on its way to the database. */
export type Rewrite = (text: string, asTeam: boolean) => string;

interface QueryConfig {
  name?: string;
  text: string;
  values?: unknown[];
}

type Send = (this: Client, ...args: unknown[]) => unknown;
type Callback = (error: Error | null, result?: unknown) => void;

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** Sees every statement of this process on its way to the driver, and may change it. */
export class StatementTap {
  /** What was sent since it was last emptied. */
  seen: Statement[] = [];
  rewrite: Rewrite | undefined;
  private readonly original = Client.prototype.query as unknown as Send;
  /** Clients that are in a transaction of a team now. */
  private readonly inTeam = new WeakSet<Client>();
  private paused = 0;

  install(): void {
    const tap = this; // oxlint-disable-line typescript/no-this-alias -- the function below is a method of the client
    const send: Send = function (...args) {
      return tap.send(this, args);
    };
    Client.prototype.query = send as unknown as Client['query'];
  }

  uninstall(): void {
    Client.prototype.query = this.original as unknown as Client['query'];
  }

  /** Runs the proof's own statements: they are neither seen nor changed. */
  async without<T>(work: () => Promise<T>): Promise<T> {
    this.paused += 1;
    try {
      return await work();
    } finally {
      this.paused -= 1;
    }
  }

  private send(client: Client, args: unknown[]): unknown {
    const config = toConfig(args);
    if (!config || this.paused > 0) return this.original.apply(client, args);
    const asTeam = this.note(client, config.text);
    const text = this.rewrite?.(config.text, asTeam) ?? config.text;
    const statement: Statement = { text: toKey(config.text), asTeam, rowCount: null, rows: [] };
    this.seen.push(statement);
    // A changed statement must not meet one that was prepared under the same name.
    const changed =
      text === config.text ? config : { text, ...(config.values ? { values: config.values } : {}) };
    return this.sendNoted(client, changed, args, statement);
  }

  private sendNoted(client: Client, config: QueryConfig, args: unknown[], statement: Statement): unknown {
    const keep = (result: unknown) => Object.assign(statement, summarise(result));
    const callback = args.find((arg): arg is Callback => typeof arg === 'function');
    if (callback) {
      return this.original.call(client, config, (error: Error | null, result?: unknown) => {
        if (!error) keep(result);
        callback(error, result);
      });
    }
    const promise = this.original.call(client, config) as Promise<unknown>;
    promise.then(keep, () => undefined);
    return promise;
  }

  /** Whether the statement runs as the application role; follows the client's transactions. */
  private note(client: Client, text: string): boolean {
    const begins = text.includes('set local role ai_studio_app;');
    const asTeam = begins || this.inTeam.has(client);
    if (begins) this.inTeam.add(client);
    if (/(?:^|;\s*)(?:commit|rollback)\s*$/i.test(text)) this.inTeam.delete(client);
    return asTeam;
  }
}

/** How a statement is told from others. */
export function toKey(text: string): string {
  return text.replace(uuid, '<id>');
}

function toConfig([first, second]: unknown[]): QueryConfig | undefined {
  if (typeof first === 'string') return { text: first, ...(Array.isArray(second) ? { values: second } : {}) };
  if (typeof first !== 'object' || first === null || 'submit' in first) return undefined;
  return { ...(first as QueryConfig) }; // what is no text and no query object is a configuration
}

function summarise(result: unknown): Pick<Statement, 'rowCount' | 'rows'> {
  const results = [result].flat() as { rowCount: number | null; rows: unknown[] }[]; // pg's results, of one or of several statements
  const rows = results.flatMap((one) => one?.rows ?? []);
  const counts = results.map((one) => one?.rowCount ?? 0);
  return { rowCount: counts.reduce((sum, count) => sum + count, 0), rows };
}
