import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { toTeamId, toUserId, type TeamId } from '@kdx/shared';
import { AuditVerifier, instanceChain, toEvent, type AuditReport } from '../../src/platform/audit';
import { signAnchor, signTornLine } from '../../src/platform/audit/anchor';
import { AuditEventRepository } from '../../src/platform/audit/audit-event.repository';
import { AcrossTeams, Database, PlatformTransaction, TeamTransaction } from '../../src/platform/database';
import { SecretString } from '../../src/platform/secrets';
import { createTestDatabase, type TestDatabase } from '../support/databases';
import { createTestEnv } from '../support/env';
import type { Random } from './random';

/** A row of the audit log as it is stored; `text` is its event as PostgreSQL spells it, `hash` is hex. */
export interface StoredEvent {
  seq: number;
  text: string;
  hash: string;
}

const key = 'a key of anchors, of the proof alone';
const verbs = ['agents.update', 'tokens.save', 'members.add', 'models.create', 'appConfig.writeTeam'];

/**
 * A real audit log that the proof fills as the product does, tampers with as the owner of the database can, and puts
 * back: chains of three teams and of the instance, with anchors.
 */
export class ProofLog {
  readonly chains: TeamId[] = [instanceChain, ...[1, 2, 3].map(() => toTeamId(uuidv7()))];
  /** Lines of the anchor file. */
  private anchors: string[] = [];
  private readonly file: string;
  private readonly events: AuditEventRepository;

  private constructor(
    private readonly place: TestDatabase,
    readonly database: Database,
  ) {
    this.file = join(place.dataDir, 'proof-anchors.jsonl');
    this.events = new AuditEventRepository(
      new TeamTransaction(database),
      new PlatformTransaction(database),
      new AcrossTeams(database),
    );
  }

  static async open(): Promise<ProofLog> {
    const place = await createTestDatabase();
    return new ProofLog(place, await Database.open(createTestEnv(place)));
  }

  async close(): Promise<void> {
    await this.database.close();
    await this.place.drop();
  }

  /** Appends one event of random content, as the product does. */
  async append(chain: TeamId, random: Random): Promise<void> {
    const action = verbs[random(verbs.length)] ?? '';
    await this.events.appendAlone(
      chain,
      toEvent(
        { userId: toUserId(uuidv7()), request: { id: uuidv7(), address: `10.0.0.${random(256)}` } },
        {
          action,
          target: {
            type: 'thing',
            id: random(5) === 0 ? null : uuidv7(),
            name: `Thing "${random(1_000)}" – ü`,
          },
          changed: ['name'],
          after: random(2 ** 30).toString(16),
        },
      ),
    );
  }

  /** Anchors the link of a chain at this place. */
  async anchor(chain: TeamId, seq: number): Promise<void> {
    const row = (await this.read(chain))[seq - 1];
    if (row) this.anchors.push(JSON.stringify(signAnchor(key, { teamId: chain, seq, hash: row.hash })));
  }

  get anchorCount(): number {
    return this.anchors.length;
  }

  anchoredPlaces(chain: TeamId): number[] {
    return this.anchors
      .map((line) => JSON.parse(line) as { teamId: string; seq: number })
      .filter(({ teamId }) => teamId === chain)
      .map(({ seq }) => seq)
      .toSorted((a, b) => a - b);
  }

  async read(chain: TeamId): Promise<StoredEvent[]> {
    const { rows } = await this.database.pool.query<StoredEvent>(
      `select seq, event::text as text, encode(hash, 'hex') as hash from audit_event where team_id = $1 order by seq`,
      [chain],
    );
    return rows;
  }

  /** What is there now is what `restore` puts back. */
  async keep(): Promise<void> {
    await this.sql('create schema if not exists proof; drop table if exists proof.kept');
    await this.sql('create table proof.kept as select team_id, seq, event, hash from audit_event');
  }

  async restore(): Promise<void> {
    await this.unlinked(`delete from audit_event`);
    await this.unlinked(
      'insert into audit_event (team_id, seq, event, hash) select team_id, seq, event, hash from proof.kept',
    );
  }

  /** Runs a statement as the owner of the database. */
  async sql(statement: string, values: unknown[] = []): Promise<void> {
    await this.database.pool.query(statement, values.length > 0 ? values : undefined);
  }

  /** The same while no trigger acts, and none is said to be disabled. */
  async unlinked(statement: string, values: unknown[] = []): Promise<void> {
    const client = await this.database.connect();
    try {
      await client.query('set session_replication_role = replica');
      await client.query(statement, values);
    } finally {
      await client.query('set session_replication_role = origin');
      client.release();
    }
  }

  /** Puts other rows in the place of a chain's. */
  async replace(chain: TeamId, rows: StoredEvent[]): Promise<void> {
    await this.unlinked('delete from audit_event where team_id = $1', [chain]);
    await this.unlinked(
      `insert into audit_event (team_id, seq, event, hash)
       select $1, seq, event, decode(hash, 'hex') from jsonb_to_recordset($2::jsonb) as row(seq bigint, event jsonb, hash text)`,
      [chain, JSON.stringify(rows.map(({ text, ...row }) => ({ ...row, event: JSON.parse(text) })))],
    );
  }

  /** An event as PostgreSQL spells it. */
  async spell(event: object): Promise<string> {
    const { rows } = await this.database.pool.query<{ text: string }>('select $1::jsonb::text as text', [
      JSON.stringify(event),
    ]);
    return rows[0]?.text ?? '';
  }

  /**
   * @param tamper what somebody did to the lines of the anchor file
   * @param rest what stands behind its last line break
   */
  verify(tamper: (lines: string[]) => string[] = (lines) => lines, rest = ''): Promise<AuditReport> {
    const lines = tamper(this.anchors).map((line) => `${line}\n`);
    writeFileSync(this.file, lines.join('') + rest);
    const env = { auditKey: new SecretString(key), auditAnchorFile: this.file };
    return AuditVerifier.on(this.database, env).verify(undefined, () => undefined);
  }

  /** The beginning of a line that a process did not finish, with the note of the next process. */
  tornLine(random: Random): string[] {
    const whole = this.anchors.at(-1) ?? '{"teamId":"';
    const torn = whole.slice(0, 1 + random(whole.length - 1));
    return [torn, JSON.stringify(signTornLine(key, torn))];
  }
}
