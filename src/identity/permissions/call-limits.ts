import { Inject, Injectable } from '@nestjs/common';
import { ENV, type Env } from '../../platform/env';
import { Limiters, type Limiter } from '../../platform/limits';
import type { Identified } from '../callers/caller';
import { modelCallingDoors, type CallLimit } from './limits';

/** Limits how often an identified caller calls, over both transports. */
@Injectable()
export class CallLimits {
  private readonly limiters: Record<CallLimit, Limiter | undefined>;

  constructor(@Inject(ENV) { limits }: Env, @Inject(Limiters) limiters: Limiters) {
    this.limiters = {
      calls: limiters.create('calls', limits.calls),
      team: limiters.create('team', limits.team),
      modelCalls: limiters.create('model-calls', limits.modelCalls),
    };
  }

  /**
   * Counts a call at a door (`POST /api/v1/…` as the route spells it, or a procedure's name), refused ones included. Throws
   * `RATE_LIMITED`. What a caller has too many of is not counted for the team: one member cannot use up what all have.
   * For an API key, `userId` is the key's id.
   */
  async take(caller: Identified | undefined, door: string): Promise<void> {
    if (!caller) return;
    const { calls, team, modelCalls } = this.limiters;
    await calls?.take(caller.userId);
    if (!caller.team) return;
    await team?.take(caller.team.id);
    if (modelCallingDoors.has(door)) await modelCalls?.take(caller.team.id);
  }
}
