import type { MigrationInterface, QueryRunner } from 'typeorm';
import { protectTeamTable } from './support/team-table';

/** Branches, folders, search, files of messages, and conversations by an id of the client's. All of it additive. */
export class Conversations1764410000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await this.createFolders(runner);
    await this.addBranches(runner);
    await this.fillBranches(runner);
    await this.addSearch(runner);
    await this.createFiles(runner);
  }

  private async createFolders(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table chat_folder (
        team_id uuid not null references team (id) on delete cascade,
        id uuid not null,
        user_id uuid not null references auth_user (id) on delete cascade,
        name text not null,
        created_at timestamptz not null,
        updated_at timestamptz not null,
        primary key (team_id, id),
        unique (team_id, user_id, id)
      );
      create unique index chat_folder_name on chat_folder (team_id, user_id, lower(name));
      create index chat_folder_user on chat_folder (user_id);
      alter table chat_session
        add column folder_id uuid,
        add column head_message_id uuid,
        add column client_id text,
        add constraint chat_session_folder foreign key (team_id, user_id, folder_id)
          references chat_folder (team_id, user_id, id) on delete set null (folder_id);
      create index chat_session_in_folder on chat_session (team_id, user_id, folder_id, updated_at desc, id desc);
      create unique index chat_session_client_id on chat_session (team_id, user_id, client_id);
    `);
    await protectTeamTable(runner, 'chat_folder', { ownedByUser: true });
  }

  /** A message follows one of its own conversation, and so does what a conversation shows: the keys say so. */
  private async addBranches(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table chat_message
        add column parent_id uuid,
        add column tried_models jsonb,
        add constraint chat_message_place unique (team_id, user_id, session_id, id);
      alter table chat_message add constraint chat_message_parent foreign key (team_id, user_id, session_id, parent_id)
        references chat_message (team_id, user_id, session_id, id);
      alter table chat_session add constraint chat_session_head foreign key (team_id, user_id, id, head_message_id)
        references chat_message (team_id, user_id, session_id, id);
      create index chat_message_children on chat_message (team_id, session_id, parent_id, id);
    `);
  }

  /** What was said so far is one branch. The owner is held by policies as well, and none is for them. */
  private async fillBranches(runner: QueryRunner): Promise<void> {
    await runner.query(`
      alter table chat_message no force row level security;
      alter table chat_session no force row level security;
      update chat_message message set parent_id = before.id
        from (select team_id, id as child, lag(id) over (partition by team_id, session_id order by id) as id from chat_message) before
       where message.team_id = before.team_id and message.id = before.child and before.id is not null;
      update chat_session session set head_message_id = latest.id
        from (select distinct on (team_id, session_id) team_id, session_id, id
                from chat_message order by team_id, session_id, id desc) latest
       where session.team_id = latest.team_id and session.id = latest.session_id;
      alter table chat_message force row level security;
      alter table chat_session force row level security;
    `);
  }

  /**
   * Words of what is shown, of the first 100,000 characters: a tsvector holds a megabyte. While an answer grows it is not
   * computed. ASCII punctuation parts words, in what is said as in what is asked for: else "a/b" would be a file's name.
   */
  private async addSearch(runner: QueryRunner): Promise<void> {
    await runner.query(String.raw`
      create function chat_shown_text(parts jsonb) returns text language sql immutable parallel safe as $$
        select left(string_agg(part ->> 'text', E'\n' order by n), 100000)
          from jsonb_array_elements(parts) with ordinality as list (part, n) where part ->> 'type' = 'text'
      $$;
      create function chat_words(said text) returns tsvector language sql immutable parallel safe as $$
        select to_tsvector('simple'::regconfig, translate(said, '!"#$%&''()*+,-./:;<=>?@[\]^_${'`'}{|}~', repeat(' ', 32)))
      $$;
      alter table chat_message add column words tsvector generated always as
        (case when status <> 'streaming' then public.chat_words(public.chat_shown_text(parts)) end) stored;
    `);
  }

  private async createFiles(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table chat_file (
        team_id uuid not null,
        id uuid not null,
        user_id uuid not null,
        session_id uuid not null,
        message_id uuid not null,
        media_type text not null,
        filename text,
        content bytea not null,
        sha256 bytea not null generated always as (pg_catalog.sha256(content)) stored,
        created_at timestamptz not null,
        primary key (team_id, id),
        constraint chat_file_message foreign key (team_id, user_id, session_id, message_id)
          references chat_message (team_id, user_id, session_id, id) on delete cascade
      );
      alter table chat_file alter column content set storage external;
      create index chat_file_of_message on chat_file (team_id, user_id, session_id, message_id);
    `);
    await protectTeamTable(runner, 'chat_file', { ownedByUser: true, allow: ['insert'] });
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table chat_file;
      alter table chat_message drop column words;
      drop function chat_words, chat_shown_text;
      drop index chat_message_children;
      alter table chat_session drop constraint chat_session_head, drop constraint chat_session_folder;
      alter table chat_message drop constraint chat_message_parent, drop constraint chat_message_place,
        drop column parent_id, drop column tried_models;
      drop index chat_session_in_folder, chat_session_client_id;
      alter table chat_session drop column folder_id, drop column head_message_id, drop column client_id;
      drop table chat_folder;
    `);
  }
}
