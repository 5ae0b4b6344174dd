import { Controller, Get, HttpException, Inject, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ENV, type Env } from '../../platform/env';
import { CallerService } from '../callers/caller.service';
import { toCredentials, toRequestOrigin, toSessionHeaders } from '../callers/credentials';
import { AccountLimits } from './account-limits';
import { RequirePermission } from '../permissions/require-permission';
import { Askers } from './asker';
import { assertAuthInput } from './auth-input';
import { BETTER_AUTH, type BetterAuth } from './better-auth';
import { countsCaller } from './limit-attempts';
import { OtherTeams } from './other-teams';
import { writeTrusted } from './trusted-headers';

/** Characters of a refusal that only says what is wrong. */
const maxRefusal = 2_000;

/** Hands `/api/auth/*` to Better Auth: sign-up, sign-in, teams, members, invitations. */
@ApiExcludeController()
@Controller('api/auth')
export class BetterAuthController {
  constructor(
    @Inject(BETTER_AUTH) private readonly auth: BetterAuth,
    @Inject(ENV) private readonly env: Env,
    @Inject(CallerService) private readonly callers: CallerService,
    @Inject(AccountLimits) private readonly limits: AccountLimits,
    @Inject(Askers) private readonly askers: Askers,
    @Inject(OtherTeams) private readonly otherTeams: OtherTeams,
  ) {}

  @Get('*')
  @RequirePermission('auth.use')
  read(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.handle(request, reply);
  }

  @Post('*')
  @RequirePermission('auth.use')
  write(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    return this.handle(request, reply);
  }

  private async handle(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    await this.limits.takeCall(request.ip);
    assertAuthInput(request.body);
    assertAuthInput(request.query);
    const response = await this.auth.handler(await this.toWebRequest(request)).finally(() => {
      // Roles, teams and sessions may have changed: what this process remembers of callers is read again.
      if (request.method !== 'GET') this.callers.forgetAll();
    });
    const text = await response.text();
    // One without a text, or with one that repeats what was sent, gets our own.
    if (response.status >= 400 && (text === '' || text.length > maxRefusal))
      throw new HttpException('', response.status);
    void reply.status(response.status);
    for (const [name, value] of response.headers) if (name !== 'set-cookie') void reply.header(name, value);
    const cookies = response.headers.getSetCookie();
    if (cookies.length > 0) void reply.header('set-cookie', cookies);
    await reply.send(text);
  }

  private async toWebRequest(request: FastifyRequest): Promise<Request> {
    // A client may write another host into the request line; the address is ours whatever it says.
    const { pathname, search } = new URL(request.url, this.env.publicUrl);
    const url = new URL(`${pathname}${search}`, this.env.publicUrl);
    const path = url.pathname.slice('/api/auth'.length).replace(/\/$/, ''); // to its router the same route
    const asker =
      this.otherTeams.concerns(path) || countsCaller(path) ? await this.askers.find(request) : undefined;
    for (const [name, value] of Object.entries(await this.otherTeams.hide(asker, path, request.query)))
      url.searchParams.set(name, value);
    const headers = toWebHeaders(request);
    writeTrusted(headers, toRequestOrigin(request), asker?.userId);
    const hasBody = request.body !== undefined && request.body !== null && request.method !== 'GET';
    const hidden = await this.otherTeams.hide(asker, path, request.body);
    const body = Object.keys(hidden).length > 0 ? Object.assign({}, request.body, hidden) : request.body;
    return new Request(url, {
      method: request.method,
      headers,
      ...(hasBody ? { body: JSON.stringify(body) } : {}),
    });
  }
}

/** What the client sent, with one credential. */
function toWebHeaders(request: FastifyRequest): Headers {
  const { authorization: _authorization, cookie: _cookie, ...others } = request.headers;
  const headers = new Headers(toSessionHeaders(toCredentials(request)));
  for (const [name, value] of Object.entries(others)) {
    if (value !== undefined) headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  headers.delete('content-length');
  // Browsers send Sec-Fetch-Site and -Mode together. Node's fetch sends -Mode alone, and Better Auth would ask it for an Origin.
  if (!headers.has('sec-fetch-site')) headers.delete('sec-fetch-mode');
  return headers;
}
