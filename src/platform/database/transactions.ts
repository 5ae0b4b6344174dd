import { Inject, Injectable } from '@nestjs/common';
import { DatabaseError } from 'pg';
import type { EntityManager, QueryRunner, SelectQueryBuilder } from 'typeorm';
import { isUuid, type TeamId, type UserId } from '@kdx/shared';
import { Database } from './database';

/** For whom a transaction runs. `userId` is absent where the work is the team's own. */
export interface TransactionScope {
  teamId: TeamId;
  userId?: UserId | undefined;
}

/** TypeORM's access to an open transaction. */
export type TransactionManager = EntityManager;

/** What runs inside a transaction, and only there: keep no `EntityManager` for later. */
export type TransactionWork<T> = (manager: TransactionManager) => Promise<T>;

/** One statement with its parameters, as TypeORM's `getQueryAndParameters()` gives it. */
export type Statement = [text: string, values: unknown[]];

/**
 * The only door to tables of a team. Opens a short transaction as the application role, which owns nothing and sees
 * only rows of the team (and, where a policy says so, of the user) that the scope names. Never keep one open across
 * a call to a provider: the embedded database runs one transaction at a time.
 */
@Injectable()
export class TeamTransaction {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** Runs `work` and commits; rolls back and rethrows if it throws. */
  run<T>(scope: TransactionScope, work: TransactionWork<T>): Promise<T> {
    return runAs(this.database, `${asApplication}${settings(scope)}`, work);
  }

  /** Builds a statement for {@link pipeline}: TypeORM's query builder, without a connection. */
  statement(): Pick<SelectQueryBuilder<object>, 'insert' | 'update'> {
    return this.database.dataSource.createQueryBuilder();
  }

  /**
   * Runs `statements` in one transaction and in one round trip: all are sent at once, the commit with them (protocol
   * pipelining), so none can depend on what another answered. All happen or none. Returns the rows of each as the
   * database spells them: quote the names that you want.
   */
  async pipeline<Row extends object>(scope: TransactionScope, statements: Statement[]): Promise<Row[][]> {
    const begin = `start transaction; ${asApplication}${settings(scope)}`;
    const client = await this.database.connect();
    // It begins before it takes the role: where role or scope are refused, the aborted transaction refuses all behind it.
    const answers = await Promise.allSettled(
      client.together(() => [
        client.query<Row>(begin),
        ...statements.map(([text, values]) => client.query<Row>(text, values)),
        client.query<Row>('commit'), // of an aborted transaction: a rollback
      ]),
    );
    const failure = answers.find((answer) => answer.status === 'rejected');
    client.release(failure !== undefined && !(failure.reason instanceof DatabaseError)); // else the connection is lost
    if (failure) throw failure.reason;
    return answers.slice(1, -1).map((answer) => (answer.status === 'fulfilled' ? answer.value.rows : []));
  }

  /**
   * One read-only statement in one round trip, for hot paths. The statement takes no parameters: it reads
   * `current_setting('app.team_id')` and `current_setting('app.user_id')`, which the scope has set. Returns the rows.
   */
  async readOne<Row>(scope: TransactionScope, statement: string): Promise<Row[]> {
    const text = `start transaction read only; ${asApplication}${settings(scope)} ${statement}; commit`;
    const client = await this.database.pool.connect();
    try {
      const results: unknown = await client.query(text);
      if (!Array.isArray(results))
        throw new TypeError('A multi-statement query answers an array of results.');
      const { rows } = results.at(-2) as { rows: Row[] }; // the statement stands just before the commit; its row type is the caller's
      client.release();
      return rows;
    } catch (error) {
      client.release(true); // closes the connection, and with it the open transaction
      throw error;
    }
  }
}

/** Writes to global tables (providers, catalogue) as the platform role, which sees no table of a team. */
@Injectable()
export class PlatformTransaction {
  constructor(@Inject(Database) private readonly database: Database) {}

  run<T>(work: TransactionWork<T>): Promise<T> {
    return runAs(this.database, 'set local role ai_studio_platform;', work);
  }
}

/** Recovery after a crash, across teams: its role may see and finish unfinished work, see which models teams use, and nothing else. */
@Injectable()
export class MaintenanceTransaction {
  constructor(@Inject(Database) private readonly database: Database) {}

  run<T>(work: TransactionWork<T>): Promise<T> {
    return runAs(this.database, 'set local role ai_studio_maintenance;', work);
  }
}

/** Reads across teams, for the operator: its role sees which models teams and agents use, with their names, and nothing else. */
@Injectable()
export class AcrossTeams {
  constructor(@Inject(Database) private readonly database: Database) {}

  read<Row>(statement: string, values: unknown[]): Promise<Row[]> {
    return runAs(
      this.database,
      'set transaction read only; set local role ai_studio_maintenance;',
      (manager) => manager.query<Row[]>(statement, values),
    );
  }
}

const asApplication = 'set local role ai_studio_app;';

function settings({ teamId, userId }: TransactionScope): string {
  // Simple-protocol text takes no parameters; a canonical UUID has nothing to escape.
  if (!isUuid(teamId) || (userId !== undefined && !isUuid(userId)))
    throw new TypeError('A scope holds UUIDs.');
  return `set local app.team_id = '${teamId}'; set local app.user_id = '${userId ?? ''}';`;
}

async function runAs<T>(database: Database, prelude: string, work: TransactionWork<T>): Promise<T> {
  const runner = database.dataSource.createQueryRunner();
  await runner.connect();
  try {
    await begin(runner, prelude);
    const result = await work(runner.manager);
    await runner.query('commit');
    return result;
  } catch (error) {
    // A dead connection cannot roll back: the server did. The first error is the one to report.
    await runner.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    markActive(runner, false);
    await runner.release();
  }
}

/** Begins, takes the role and sets the scope in one round trip. */
async function begin(runner: QueryRunner, prelude: string): Promise<void> {
  await runner.query(`start transaction; ${prelude}`);
  markActive(runner, true);
}

/** Tells TypeORM that a transaction is open, so that `save()` and its like do not open one of their own. */
function markActive(runner: QueryRunner, active: boolean): void {
  (runner as { isTransactionActive: boolean }).isTransactionActive = active; // readonly in the interface, a plain field in the class
}
