import { Inject, Injectable } from '@nestjs/common';
import { ENV, type Env, type Rate } from '../../platform/env';
import { Limiters, toClientNetwork, toLimitKey, type Limiter } from '../../platform/limits';

/** How much more than one account from one address: one account from everywhere, and one address for all accounts. */
const many = 10;

/**
 * Limits attempts to get into accounts. An account is counted whether or not there is one; one attempt from one address
 * counts little for the account as a whole, so that a stranger can hardly lock its owner out.
 */
@Injectable()
export class AccountLimits {
  private readonly calls: Limiter | undefined;
  private readonly address: Limiter | undefined;
  private readonly accountFromAddress: Limiter | undefined;
  private readonly account: Limiter | undefined;

  constructor(
    @Inject(ENV) private readonly env: Env,
    @Inject(Limiters) limiters: Limiters,
  ) {
    const { signIn, accounts } = env.limits;
    this.calls = limiters.create('accounts', accounts);
    this.address = limiters.create('sign-in-address', times(signIn, many));
    this.accountFromAddress = limiters.create('sign-in', signIn);
    this.account = limiters.create('sign-in-account', times(signIn, many));
  }

  /** Counts any call of `/api/auth`. Throws `RATE_LIMITED`, as the others. */
  async takeCall(address: string): Promise<void> {
    await this.calls?.take(this.key(toClientNetwork(address)));
  }

  /** Counts an attempt that names no account: a sign-up, an invitation. */
  async takeAttempt(address: string): Promise<void> {
    await this.address?.take(this.key(toClientNetwork(address)));
  }

  /** Counts an attempt at an account, before it is known how it ends: many at the same moment count, too. */
  async takeAttemptAt(account: string, address: string): Promise<void> {
    await this.takeAttempt(address);
    await this.accountFromAddress?.take(this.key(account, toClientNetwork(address)));
    await this.account?.take(this.key(account));
  }

  /** It succeeded: it does not count, and neither do the failures before it from there. */
  async forgive(account: string, address: string): Promise<void> {
    await this.accountFromAddress?.forget(this.key(account, toClientNetwork(address)));
    await this.account?.giveBack(this.key(account));
  }

  private key(...parts: string[]): string {
    return toLimitKey(this.env.authSecret, ...parts);
  }
}

function times(rate: Rate | undefined, factor: number): Rate | undefined {
  return rate && { ...rate, count: rate.count * factor };
}
