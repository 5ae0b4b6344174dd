import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Better Auth's tables, under this product's names: its "organization" is a team. The application role has no right on
 * any of them; they are read and written by the identity room alone.
 */
export class Identity1763800001000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      create table auth_user (
        id uuid primary key,
        name text not null,
        email text not null unique,
        email_verified boolean not null default false,
        image text,
        platform_role text not null default 'user' check (platform_role in ('user', 'platformAdmin')),
        is_first boolean unique check (is_first),
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
      );
      create table team (
        id uuid primary key,
        name text not null,
        slug text not null unique,
        logo text,
        metadata text,
        created_at timestamptz not null default now()
      );
      create table auth_session (
        id uuid primary key,
        user_id uuid not null references auth_user (id) on delete cascade,
        token text not null unique,
        expires_at timestamptz not null,
        active_team_id uuid references team (id) on delete set null,
        ip_address text,
        user_agent text,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
      );
      create index auth_session_user_id on auth_session (user_id);
      create table auth_account (
        id uuid primary key,
        user_id uuid not null references auth_user (id) on delete cascade,
        account_id text not null,
        provider_id text not null,
        access_token text,
        refresh_token text,
        id_token text,
        access_token_expires_at timestamptz,
        refresh_token_expires_at timestamptz,
        scope text,
        password text,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
      );
      create index auth_account_user_id on auth_account (user_id);
      create table auth_verification (
        id uuid primary key,
        identifier text not null,
        value text not null,
        expires_at timestamptz not null,
        created_at timestamptz not null default now(),
        updated_at timestamptz not null default now()
      );
      create index auth_verification_identifier on auth_verification (identifier);
      create table team_member (
        id uuid primary key,
        team_id uuid not null references team (id) on delete cascade,
        user_id uuid not null references auth_user (id) on delete cascade,
        role text not null default 'member',
        created_at timestamptz not null default now(),
        unique (team_id, user_id)
      );
      create index team_member_user_id on team_member (user_id);
      create table team_invitation (
        id uuid primary key,
        team_id uuid not null references team (id) on delete cascade,
        inviter_id uuid not null references auth_user (id) on delete cascade,
        email text not null,
        role text,
        status text not null default 'pending',
        expires_at timestamptz not null,
        created_at timestamptz not null default now()
      );
      create index team_invitation_team_id on team_invitation (team_id);
      create index team_invitation_email on team_invitation (email);
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      drop table team_invitation, team_member, auth_verification, auth_account, auth_session, team, auth_user;
    `);
  }
}
