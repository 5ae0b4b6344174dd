import { type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../../platform/errors';
import { assertPermission, type Identified } from '../callers/caller';
import { CallerService } from '../callers/caller.service';
import { toCredentials, toRequestOrigin } from '../callers/credentials';
import { CallLimits } from './call-limits';
import { permissions, type Permission } from './permissions';
import { RefusalRecorder, type Attempt } from './refusal-recorder';
import { permissionMetadata } from './require-permission';

type Handler = ReturnType<ExecutionContext['getHandler']>;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What answers the route, where it declares a permission. */
    handler?: Handler;
  }
}

/** Decides REST calls by the permission table. */
@Injectable()
export class RouteAdmission {
  /** Calls that were asked about already: the second time they are not counted. */
  private readonly counted = new WeakSet<FastifyRequest>();

  constructor(
    @Inject(Reflector) private readonly reflector: Reflector,
    @Inject(CallerService) private readonly callers: CallerService,
    @Inject(RefusalRecorder) private readonly refusals: RefusalRecorder,
    @Inject(CallLimits) private readonly limits: CallLimits,
  ) {}

  /**
   * For a route whose body is long: asks before it is read what the guard asks behind it, and refuses with the same words.
   * The guard asks again, since a body takes its time; who was found is remembered for as long as usual.
   */
  async admitBeforeBody(request: FastifyRequest): Promise<void> {
    await this.admit(request, request.routeOptions.config.handler);
  }

  /**
   * Attaches the caller. Throws what {@link CallerService.identify} does, `RATE_LIMITED`, and `UNAUTHENTICATED` or `FORBIDDEN`
   * unless they have the permission that the handler declares; records refused attempts. Without one it is closed.
   */
  async admit(request: FastifyRequest, handler: Handler | undefined): Promise<void> {
    const permission = handler && this.reflector.get<Permission | undefined>(permissionMetadata, handler);
    if (!permission)
      throw new AppError('INTERNAL', 'This route declares no permission and is therefore closed.');
    if (permissions[permission] === 'public') return;
    const attempt = toAttempt(permission, request);
    let caller: Identified | undefined;
    try {
      caller = await this.callers.identify(toCredentials(request));
      if (!this.counted.has(request)) await this.limits.take(caller, attempt.door.id);
      this.counted.add(request);
      assertPermission(caller, permission);
    } catch (error) {
      await this.refusals.record(error, caller, attempt);
      throw error;
    }
    request.caller = caller && { ...caller, request: attempt.request };
  }
}

function toAttempt(permission: Permission, request: FastifyRequest): Attempt {
  const { method, routeOptions } = request;
  return {
    permission,
    door: { type: 'route', id: `${method} ${routeOptions.url ?? ''}` },
    writes: !['GET', 'HEAD', 'OPTIONS'].includes(method),
    request: toRequestOrigin(request),
  };
}
