import type { ClientBase } from 'pg';

/**
 * How long a statement waits for a lock, how long it runs, and how long an open transaction may do nothing, before the
 * server ends it. A holder that is stuck, or whose process vanished without closing its connection, then delays others
 * and does not stall them. `to-app-error.ts` says what a caller is told.
 */
const limits = { lock_timeout: '5s', statement_timeout: '30s', idle_in_transaction_session_timeout: '30s' };

/**
 * Sets them once a connection: no transaction pays for them, and Better Auth's own have them too. For a server only: the
 * embedded database has one session, in which nobody can wait for anybody.
 */
export async function limitTimes(client: Pick<ClientBase, 'query'>): Promise<void> {
  await client.query(settings(Object.entries(limits)));
}

/** For migrations, which may take their time: until {@link limitTimes} is called again. */
export async function liftTimeLimits(client: Pick<ClientBase, 'query'>): Promise<void> {
  await client.query(settings(Object.keys(limits).map((name) => [name, '0'])));
}

function settings(values: [name: string, value: string][]): string {
  return values.map(([name, value]) => `set ${name} = '${value}'`).join('; ');
}
