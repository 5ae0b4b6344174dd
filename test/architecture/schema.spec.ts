import { Database } from '../../src/platform/database';
import { createTestDatabase, type TestDatabase } from '../support/databases';
import { createTestEnv } from '../support/env';
import {
  declaredColumns,
  describeSchema,
  findTeamFaults,
  listPrivileges,
  listTables,
  listViews,
  roles,
  storedColumns,
} from './catalogue';

/** Tables without an entity: Better Auth reads and writes them by itself; TypeORM keeps its list of migrations. */
const withoutEntity = [
  'auth_account',
  'auth_session',
  'auth_user',
  'auth_verification',
  'schema_migration',
  'team',
  'team_invitation',
  'team_member',
];

/* Starting an application, or reading the whole product, takes its time on a busy machine. */
jest.setTimeout(120_000);

describe('the schema of the database', () => {
  let place: TestDatabase;
  let database: Database;

  beforeAll(async () => {
    place = await createTestDatabase();
    database = await Database.open(createTestEnv(place));
  });

  afterAll(async () => {
    await database.close();
    await place.drop();
  });

  describe('entities', () => {
    it('declare exactly the columns that the migrations made', async () => {
      const stored = await storedColumns(database.dataSource);
      const ours = stored.filter(({ table }) => !withoutEntity.includes(table));
      expect(declaredColumns(database.dataSource).toSorted(byName)).toEqual(ours.toSorted(byName));
    });

    it('are there for every table but those that are named', async () => {
      const tables = (await listTables(database.dataSource)).map(({ table }) => table);
      const declared = database.dataSource.entityMetadatas.map(({ tableName }) => tableName);
      expect(tables.toSorted()).toEqual([...declared, ...withoutEntity].toSorted());
    });

    it('are not needed for the two views, through which Better Auth appends to the audit log and locks a row', async () => {
      expect(await listViews(database.dataSource)).toEqual([
        { view: 'identity_audit_event', options: ['security_invoker=true'] },
        expect.objectContaining({ view: 'identity_row_lock' }),
      ]);
      for (const role of roles)
        for (const view of ['identity_audit_event', 'identity_row_lock'])
          expect(await listPrivileges(database.dataSource, role)).not.toHaveProperty(view);
    });

    it('hold ids, never relations to other entities', () => {
      const related = database.dataSource.entityMetadatas.filter(({ relations }) => relations.length > 0);
      expect(related.map(({ name }) => name)).toEqual([]);
    });
  });

  describe('tables of teams', () => {
    it('keep teams apart, whoever asks', async () => {
      expect(await findTeamFaults(database.dataSource)).toEqual([]);
    });

    it('would not, if one were made carelessly: each fault is found', async () => {
      await database.dataSource.query(`
        create table careless (id uuid primary key, team_id uuid);
        create table careless_part (team_id uuid, id uuid, careless_id uuid references careless, primary key (team_id, id));
        alter table careless_part enable row level security;
        create policy everything on careless_part to ai_studio_app using (team_id is not null);
        grant select on careless, careless_part to ai_studio_app;
      `);
      const faults = await findTeamFaults(database.dataSource);
      await database.dataSource.query('drop table careless_part, careless');
      expect(faults).toEqual([
        'careless: row-level security is not enabled',
        'careless: row-level security does not bind the owner',
        'careless: the application is not held to its team by one policy',
        'careless: the primary key does not begin with team_id',
        'careless_part: row-level security does not bind the owner',
        'careless_part: the application is not held to its team by one policy',
        'careless_part: the reference to careless may lead to another team',
      ]);
    });

    it("let the application see rows of its user only, where they are a user's own", async () => {
      const personal = (await listTables(database.dataSource)).filter(({ policies }) =>
        policies.some(({ using }) => using?.includes(`'app.user_id'`)),
      );
      expect(personal.map(({ table }) => table)).toEqual([
        'ai_prompt_text',
        'chat_agent_switch',
        'chat_answer_event',
        'chat_context',
        'chat_file',
        'chat_folder',
        'chat_idempotency_key',
        'chat_message',
        'chat_session',
        'chat_summary',
        'user_app_team_config',
      ]);
    });
  });

  describe('roles', () => {
    it('cannot log in, are no superusers, pass no policy by and own nothing', async () => {
      const found = await database.dataSource.query(
        `select rolname, rolsuper, rolbypassrls, rolcanlogin, rolcreaterole, rolcreatedb,
                (select count(*)::int from pg_shdepend d
                  where d.refclassid = 'pg_authid'::regclass and d.refobjid = r.oid and d.deptype = 'o') as owns,
                (select count(*)::int from pg_auth_members m where m.member = r.oid) as "memberOf"
           from pg_roles r where rolname = any($1) order by 1`,
        [roles],
      );
      const nothing = {
        rolsuper: false,
        rolbypassrls: false,
        rolcanlogin: false,
        rolcreaterole: false,
        rolcreatedb: false,
      };
      expect(found).toEqual(
        roles.toSorted().map((rolname) => ({ rolname, ...nothing, owns: 0, memberOf: 0 })),
      );
    });

    it('reach no account, session or membership', async () => {
      for (const role of roles) {
        const reachable = Object.keys(await listPrivileges(database.dataSource, role));
        expect({ role, reachable: reachable.filter((table) => withoutEntity.includes(table)) }).toEqual({
          role,
          reachable: role === 'ai_studio_maintenance' ? ['team'] : [], // its id and name
        });
      }
    });

    it('let the platform write global tables, and see none of a team', async () => {
      const write = ['delete', 'insert', 'select', 'update'];
      expect(await listPrivileges(database.dataSource, 'ai_studio_platform')).toEqual({
        ai_model: write,
        ai_model_price: write,
        ai_model_sync_diff: write,
        ai_model_sync_run: write,
        ai_provider: write,
        audit_event: ['insert', 'select'], // the instance's chain alone: test/e2e/audit.spec.ts
        kek_canary: ['insert', 'select'], // each version of a key once
      });
    });

    it('let maintenance end unfinished work and see which models are used, and read nothing that was said', async () => {
      expect(await listPrivileges(database.dataSource, 'ai_studio_maintenance')).toEqual({
        ai_agent: ['select(deleted_at,id,team_id,version)'],
        ai_agent_version: ['select(agent_id,model_id,name,team_id,version)'],
        ai_execution: ['select(id,instance_id,outcome,team_id)', 'update(finished_at,outcome)'],
        ai_team_model: ['select(enabled,is_default,model_id,team_id)'],
        audit_event: ['select(hash,seq,team_id)'], // where chains end
        chat_answer_event: ['delete', 'select(created_at,is_end,message_id,team_id)'], // which are old, never the text
        chat_idempotency_key: ['delete', 'select(created_at)'],
        chat_message: ['select(id,instance_id,status,team_id,user_id)', 'update(status,updated_at)'],
        team: ['select(id,name)'],
        team_key: ['select(created_at,id,kek_id,kek_version,team_id)'], // never the wrapped bytes
      });
    });

    it('keep the application from writing global tables and from taking executions, versions of agents or audit events back', async () => {
      const privileges = await listPrivileges(database.dataSource, 'ai_studio_app');
      expect(privileges).toMatchObject({
        ai_provider: ['select'],
        ai_model: ['select'],
        ai_execution: ['insert', 'select', 'update'],
        ai_agent: ['insert', 'select', 'update'],
        ai_agent_version: ['insert', 'select'],
        chat_agent_switch: ['insert', 'select'],
        chat_file: ['insert', 'select'],
        audit_event: ['insert', 'select'],
      });
      const strong = Object.values(privileges)
        .flat()
        .filter((privilege) => /references|truncate|trigger/.test(privilege));
      expect(strong).toEqual([]);
    });
  });
});

describe('migrations', () => {
  it('go down to nothing, and up again to the same schema', async () => {
    const place = await createTestDatabase();
    const database = await Database.open(createTestEnv(place));
    try {
      const { dataSource } = database;
      const before = await describeSchema(dataSource);
      for (const _ of dataSource.migrations) await dataSource.undoLastMigration();
      expect((await listTables(dataSource)).map(({ table }) => table)).toEqual(['schema_migration']);
      expect(await dataSource.query('select from schema_migration')).toEqual([]);
      for (const role of roles) expect(await listPrivileges(dataSource, role)).toEqual({});

      await dataSource.runMigrations();
      expect(await describeSchema(dataSource)).toEqual(before);
    } finally {
      await database.close();
      await place.drop();
    }
  });
});

function byName(a: { table: string; column: string }, b: { table: string; column: string }): number {
  return `${a.table}.${a.column}`.localeCompare(`${b.table}.${b.column}`);
}
