import { Inject, Injectable } from '@nestjs/common';
import { aiStudioApp, type TeamId } from '@kdx/shared';
import { forbidden, isTeamAdminFor, toScope, type Caller } from '../../identity';
import { AuditLog, instanceChain } from '../../platform/audit';
import { defaultPageSize, parseCursor, toPage, unknownCursor, type Page } from '../../platform/http';
import type { AuditEventView, FindAuditEventsDto } from './audit.dto';

/** Shows the audit log: a team's to its admins, the instance's to the platform admin. */
@Injectable()
export class AuditService {
  constructor(@Inject(AuditLog) private readonly log: AuditLog) {}

  /** Newest first. Throws `FORBIDDEN` for a chain that is not the caller's to read. */
  async list(
    caller: Caller,
    { chain = 'team', cursor, limit = defaultPageSize, from, to, ...filter }: FindAuditEventsDto,
  ): Promise<Page<AuditEventView>> {
    const events = await this.log.list(toChain(caller, chain), {
      ...filter,
      from: toUtc(from),
      to: toUtc(to),
      before: parsePlace(cursor),
      limit: limit + 1,
    });
    return toPage(events, limit, ({ seq, id }) => [String(seq), id]);
  }
}

function toChain(caller: Caller, chain: 'team' | 'instance'): TeamId {
  if (chain === 'instance') {
    if (!caller.platformAdmin) throw forbidden('audit.read', 'the platform admin');
    return instanceChain;
  }
  const { teamId } = toScope(caller, aiStudioApp);
  if (!isTeamAdminFor(caller, 'audit.read')) throw forbidden('audit.read', 'an owner or admin of the team');
  return teamId;
}

/** As events spell their times. */
function toUtc(time: string | undefined): string | undefined {
  return time === undefined ? undefined : new Date(time).toISOString();
}

function parsePlace(cursor: string | undefined): number | undefined {
  const place = parseCursor(cursor, 2)?.[0];
  if (place === undefined) return undefined;
  if (!/^[1-9]\d{0,14}$/.test(place)) throw unknownCursor();
  return Number(place);
}
