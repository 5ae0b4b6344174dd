import { randomInt } from 'node:crypto';
import { Client, type QueryConfig } from 'pg';
import { migrationLock } from './migrate';
import { setSearchPath } from './search-path';

const reconnectMs = 1_000;
/** Instance ids are from the first to below the second: locks that others number by hand are lower, hashes of 64 bits higher. */
const [leastId, idLimit] = [2 ** 32, 2 ** 48];
/** Any constant, the same in every version: the first number of the locks that stand for names. */
const nameSpace = 724_150_833;

/**
 * A machine that vanishes says nothing: its locks would be held for the two hours that systems wait by default, its answers be
 * thought to be running. The database asks after 10 seconds of silence, and hangs up where none of four looks is answered, nor
 * what it sent: after half a minute. On a Unix socket it has no effect, and needs none.
 */
const noticeLostMachines = `set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 4;
  set tcp_user_timeout = 30000`;

const isOwnLock = `held.locktype = 'advisory' and held.objsubid = 1
        and held.database = (select oid from pg_database where datname = current_database())`;
const lockedId = '((held.classid::bigint << 32) | held.objid::bigint)';
const isNameLock = `named.pid = held.pid and named.objsubid = 2 and named.classid = ${nameSpace}`;

/**
 * The one long-lived connection of a process to a PostgreSQL server. It does what needs a session: it holds the
 * advisory lock that proves that this process lives (the server frees it the moment the process is gone), it holds names
 * that say something of this process to others, as locks too, and it listens for notifications. The embedded database has
 * one session for everybody, and one process: it needs none of that.
 */
export class ServerSession {
  /** Identifies this process among the replicas; written beside unfinished work. Below 2^48. */
  readonly instanceId = randomInt(leastId, idLimit - 1);
  private readonly handlers = new Map<string, (payload: string) => void>();
  /** What every connection begins with. */
  private readonly beginnings: QueryConfig[] = [];
  private client: Client | undefined;
  private closed = false;
  private retry: NodeJS.Timeout | undefined;

  /** @param url PostgreSQL address; `undefined` for the embedded database, where nothing is opened. */
  constructor(private readonly url: string | undefined) {}

  async open(): Promise<void> {
    if (!this.url) return;
    const client = new Client({
      connectionString: this.url,
      application_name: 'ai-studio session',
      keepAlive: true,
    });
    client.on('error', () => this.reconnect());
    client.on('end', () => this.reconnect());
    client.on('notification', ({ channel, payload }) => this.handlers.get(channel)?.(payload ?? ''));
    await client.connect();
    await setSearchPath(client);
    await client.query(noticeLostMachines);
    await client.query('select pg_advisory_lock($1)', [this.instanceId]);
    for (const beginning of this.beginnings) await client.query(beginning); // also what is added meanwhile
    this.client = client;
  }

  /** Calls `handler` for each notification of `channel` (a lower-case identifier). Nothing arrives on the embedded database. */
  async listen(channel: string, handler: (payload: string) => void): Promise<void> {
    if (!/^[a-z_]+$/.test(channel)) throw new TypeError('A channel is a lower-case identifier.');
    this.handlers.set(channel, handler);
    await this.beginWith({ text: `listen ${channel}` });
  }

  /** Says `name` of this process to whoever asks, for as long as it lives. Nobody can on the embedded database. */
  hold(name: string): Promise<void> {
    return this.beginWith({
      text: 'select pg_advisory_lock_shared($1, hashtext($2))',
      values: [nameSpace, name],
    });
  }

  /** Whether this process can be seen to live now: else it cannot see who else does. */
  get isHeld(): boolean {
    return this.client !== undefined;
  }

  /** Statement that answers the ids of the processes that live, one row, `ids`. */
  get listAlive(): string {
    return `select coalesce(array_agg(${lockedId}), '{}')::text as ids from pg_locks held where ${isOwnLock}`;
  }

  /**
   * Statement that answers the servers that live, but for this one, a row each: `id`, which of the names (`$1`, an array of
   * texts) it holds (`held`), and whether it holds no name at all (`isSilent`). It reads locks alone, since ordinary roles
   * are not shown whose session is whose.
   */
  get listServers(): string {
    return `with locks as materialized (select * from pg_locks held where granted and locktype = 'advisory')
      select ${lockedId} as id,
             array(select name from unnest($1::text[]) name
                    where exists (select from locks named where ${isNameLock}
                                     and named.objid = (hashtext(name)::bigint & 4294967295)::oid)) as held,
             not exists (select from locks named where ${isNameLock}) as "isSilent"
        from locks held
       where ${isOwnLock}
         and ${lockedId} >= ${leastId} and ${lockedId} < ${idLimit}
         and ${lockedId} not in (${migrationLock}, ${this.instanceId})`;
  }

  /**
   * SQL condition that is true where the process whose id stands in `column` is gone: it holds no lock, and did not a
   * while ago either, where the setting `app.alive` says who lived then. A living one loses its lock for a second when the
   * database goes away, or its connection.
   */
  isGone(column: string): string {
    if (!this.url) return `${column} <> ${this.instanceId}`;
    return `not exists (select from pg_locks held where ${isOwnLock} and ${lockedId} = ${column})
      and ${column} <> all (coalesce(nullif(current_setting('app.alive', true), ''), '{}')::bigint[])`;
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.retry);
    const { client } = this;
    this.client = undefined; // what waits for a second look, sees that there is none
    await client?.end();
  }

  private async beginWith(beginning: QueryConfig): Promise<void> {
    this.beginnings.push(beginning);
    await this.client?.query(beginning);
  }

  /** Tells listeners to distrust what they hold (an empty payload), since notifications may have been missed. */
  private reconnect(): void {
    if (this.closed || this.retry) return;
    this.client = undefined;
    this.retry = setTimeout(() => {
      this.retry = undefined;
      this.open().then(
        () => this.handlers.forEach((handler) => handler('')),
        () => this.reconnect(),
      );
    }, reconnectMs);
    this.retry.unref();
  }
}
