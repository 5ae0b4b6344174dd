import type { Pool } from 'pg';

/** Decides who may open an account: the first person becomes the platform admin, later ones follow `AUTH_SIGN_UP`. */
export class SignUpPolicy {
  constructor(
    private readonly mode: 'open' | 'invite' | 'closed',
    private readonly pool: Pool,
  ) {}

  /** The platform role that an account with this address gets, or `refused`. */
  async decide(email: string): Promise<'platformAdmin' | 'user' | 'refused'> {
    if (await this.claimFirstAccount(email)) return 'platformAdmin';
    if (this.mode === 'open') return 'user';
    if (this.mode === 'closed') return 'refused';
    return (await this.hasInvitation(email)) ? 'user' : 'refused';
  }

  /**
   * One row decides, so that two people who sign up at the same moment cannot both be first. A claim whose sign-up
   * failed (no account exists after a minute) may be taken again.
   */
  private async claimFirstAccount(email: string): Promise<boolean> {
    const { rowCount } = await this.pool.query(
      `insert into first_account_claim as claim (email)
       select $1 where not exists (select from auth_user)
       on conflict (singleton) do update set email = excluded.email, claimed_at = now()
       where (claim.email = excluded.email or claim.claimed_at < now() - interval '1 minute')
         and not exists (select from auth_user)`,
      [email],
    );
    return rowCount === 1;
  }

  private async hasInvitation(email: string): Promise<boolean> {
    const { rowCount } = await this.pool.query(
      `select from team_invitation where lower(email) = lower($1) and status = 'pending' and expires_at > now() limit 1`,
      [email],
    );
    return (rowCount ?? 0) > 0;
  }
}
