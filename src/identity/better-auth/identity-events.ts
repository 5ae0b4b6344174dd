import { isUuid, toTeamId, type TeamId } from '@kdx/shared';
import { difference, instanceChain, type AuditEntry } from '../../platform/audit';

/** A row of Better Auth's, by its own names of fields. */
export type Row = Record<string, unknown>;

export type Operation = 'create' | 'update' | 'delete';

/** An event, and the chain that it belongs to. */
export interface IdentityEvent {
  chain: TeamId;
  entry: AuditEntry;
}

type Describe = (before: Row | null, after: Row | null, row: Row) => IdentityEvent[];

/** What a write of Better Auth means, by the model that it writes. A model or an operation that is not here is not recorded. */
const descriptions: Partial<Record<string, Partial<Record<Operation, Describe>>>> = {
  organization: { create: team('create'), update: team('update'), delete: deletedTeam },
  member: { create: member('add'), update: member('update'), delete: member('remove') },
  invitation: { create: invitation, update: invitation, delete: invitation },
  user: { create: account('create'), update: account('update'), delete: account('delete') },
  session: { create: session },
  account: { update: password },
};

export function isRecorded(model: string, operation: Operation): boolean {
  return descriptions[model]?.[operation] !== undefined;
}

/** The events of a write; none where nothing changed that is worth one. */
export function describeWrite(
  model: string,
  operation: Operation,
  before: Row | null,
  after: Row | null,
): IdentityEvent[] {
  const row = after ?? before;
  return row ? (descriptions[model]?.[operation]?.(before, after, row) ?? []) : [];
}

function team(verb: string): Describe {
  return (before, after, { id, name }) => {
    const target = { type: 'team', id: text(id), name: text(name) ?? undefined };
    const told = (row: Row | null) => row && pick(row, ['name', 'slug', 'logo', 'metadata']);
    return inChain(id, difference(`teams.${verb}`, target, told(before), told(after)));
  };
}

/** Its chain outlives the team, but none of its admins: the instance's says it, too. */
function deletedTeam(before: Row | null, after: Row | null, row: Row): IdentityEvent[] {
  const own = team('delete')(before, after, row);
  return [...own, ...own.map(({ entry }) => ({ chain: instanceChain, entry }))];
}

function member(verb: string): Describe {
  return (before, after, { organizationId, userId }) => {
    const told = (row: Row | null) => row && pick(row, ['userId', 'role']);
    const target = { type: 'member', id: text(userId) };
    return inChain(organizationId, difference(`members.${verb}`, target, told(before), told(after)));
  };
}

const invitationVerbs: Record<string, string> = {
  accepted: 'accept',
  rejected: 'reject',
  canceled: 'cancel',
};

/** Not to whom: that is an e-mail address. */
function invitation(before: Row | null, after: Row | null, { id, organizationId }: Row): IdentityEvent[] {
  const told = (row: Row | null) => row && pick(row, ['role', 'status', 'expiresAt']);
  const verb = invitationVerbs[text(after?.status) ?? ''] ?? (after ? 'update' : 'delete');
  const action = before ? `invitations.${verb}` : 'members.invite';
  return inChain(
    organizationId,
    difference(action, { type: 'invitation', id: text(id) }, told(before), told(after)),
  );
}

/** Only which fields changed: names and addresses can be guessed from their fingerprints. */
function account(verb: string): Describe {
  return (before, after, { id }) => {
    const told = (row: Row | null) =>
      row && pick(row, ['name', 'email', 'emailVerified', 'image', 'platformRole']);
    return difference(`users.${verb}`, { type: 'user', id: text(id) }, told(before), told(after)).map(
      ({ action, target, changed }) => ({ chain: instanceChain, entry: { action, target, changed } }),
    );
  };
}

function session(_before: Row | null, _after: Row | null, { userId }: Row): IdentityEvent[] {
  const target = { type: 'user', id: text(userId) };
  return [{ chain: instanceChain, entry: { action: 'sessions.create', target } }];
}

function password(before: Row | null, after: Row | null, { userId }: Row): IdentityEvent[] {
  if (!after || after.password === before?.password) return [];
  const target = { type: 'user', id: text(userId) };
  return [{ chain: instanceChain, entry: { action: 'users.changePassword', target } }];
}

function inChain(teamId: unknown, entries: AuditEntry[]): IdentityEvent[] {
  if (!isUuid(teamId)) throw new TypeError('A row of a team names it.');
  return entries.map((entry) => ({ chain: toTeamId(teamId), entry }));
}

function pick(row: Row, fields: string[]): Row {
  return Object.fromEntries(fields.map((field) => [field, row[field] ?? null]));
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
