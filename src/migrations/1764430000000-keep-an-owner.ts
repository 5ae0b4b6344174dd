import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * No statement takes a team's last owner: not one that passes the application's own question by, nor an account that is
 * deleted with its memberships. Asked at the end of the transaction: until then roles may be handed over in any order, and
 * a team that goes takes its owners along. A team that had none before is left alone.
 */
export class KeepAnOwner1764430000000 implements MigrationInterface {
  /**
   * A lock of its own, which every transaction takes last: behind the application's (`identity:`), it would be taken before
   * rows in one transaction and after them in another. Who waited for it sees what the other committed. With the rights of
   * whoever commits: who may change members may read them.
   */
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create function keep_an_owner() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $$
      begin
        perform pg_advisory_xact_lock(hashtextextended('owner:' || old.team_id, 0));
        if exists (select from public.team where id = old.team_id)
          and not exists (select from public.team_member
                           where team_id = old.team_id and 'owner' = any(string_to_array(role, ',')))
        then
          raise exception 'a team keeps an owner: make somebody else one first, or delete the team'
            using errcode = 'check_violation', table = 'team_member', constraint = 'keep_an_owner';
        end if;
        return null;
      end
      $$;
      create constraint trigger keep_an_owner after delete or update of team_id, role on team_member
        deferrable initially deferred for each row when ('owner' = any(string_to_array(old.role, ',')))
        execute function keep_an_owner();
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop trigger keep_an_owner on team_member;
      drop function keep_an_owner;
    `);
  }
}
