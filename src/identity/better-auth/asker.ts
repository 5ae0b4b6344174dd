import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { UserId } from '@kdx/shared';
import { AppError } from '../../platform/errors';
import { CallerService } from '../callers/caller.service';
import { toCredentials } from '../callers/credentials';

/** Who calls a route of Better Auth, and their active team. */
export interface Asker {
  userId: UserId;
  teamId: string | undefined;
}

/** Finds who calls a route of Better Auth: by the same credential that it is handed, and so the same person. */
@Injectable()
export class Askers {
  constructor(@Inject(CallerService) private readonly callers: CallerService) {}

  /**
   * By the session alone, as Better Auth does: it knows no `x-team-id`. `undefined` for a credential that opens nothing,
   * which Better Auth refuses. Throws `RATE_LIMITED` for an address that sent too many of these.
   */
  async find(request: FastifyRequest): Promise<Asker | undefined> {
    try {
      const found = await this.callers.identify({ ...toCredentials(request), teamId: undefined });
      return found && { userId: found.userId, teamId: found.team?.id };
    } catch (error) {
      if (error instanceof AppError && error.code === 'UNAUTHENTICATED') return undefined;
      throw error;
    }
  }
}
