import {
  getCurrentAdapter,
  queueAfterTransactionHook,
  runWithTransaction,
  tryGetCurrentAuthEndpointContext,
} from '@better-auth/core/context';
import type { DBAdapter, DBTransactionAdapter, Where } from 'better-auth';
import { toUserId } from '@kdx/shared';
import { toEvent, toJson, type AuditLink, type AuditLog, type AuditOrigin } from '../../platform/audit';
import { describeWrite, isRecorded, type IdentityEvent, type Operation, type Row } from './identity-events';
import { explainOwnership, keepAnOwner } from './keep-an-owner';
import { readOrigin } from './trusted-headers';

/** Better Auth's names of the views through which it appends to the audit log and locks a row, and what they answer. */
export const auditSchema = {
  auditEvent: {
    modelName: 'identity_audit_event',
    fields: {
      teamId: { type: 'string', fieldName: 'team_id', required: true },
      event: { type: 'string', required: true },
      seq: { type: 'number', required: false },
      hash: { type: 'string', required: false },
    },
  },
  rowLock: {
    modelName: 'identity_row_lock',
    fields: { rowId: { type: 'string', fieldName: 'row_id', required: true } },
  },
} as const;

/**
 * Makes Better Auth's database adapter record what it writes of teams, members and accounts in the audit log: in the
 * transaction of the write, whichever route it comes from. Where Better Auth opens none, one is opened for the two. In it
 * no team loses its last owner.
 */
export function recordWrites(plain: DBAdapter, audit: AuditLog): DBAdapter {
  const inTransaction = async <T>(work: (adapter: DBTransactionAdapter) => Promise<T>): Promise<T> =>
    await runWithTransaction(adapter, async () => work(await getCurrentAdapter(adapter)));
  const adapter: DBAdapter = {
    ...plain,
    create: (args) =>
      isRecorded(args.model, 'create') ? inTransaction((inner) => inner.create(args)) : plain.create(args),
    update: (args) =>
      isRecorded(args.model, 'update') ? inTransaction((inner) => inner.update(args)) : plain.update(args),
    updateMany: (args) =>
      isRecorded(args.model, 'update')
        ? inTransaction((inner) => inner.updateMany(args))
        : plain.updateMany(args),
    incrementOne: (args) =>
      isRecorded(args.model, 'update')
        ? inTransaction((inner) => inner.incrementOne(args))
        : plain.incrementOne(args),
    delete: (args) =>
      isRecorded(args.model, 'delete') ? inTransaction((inner) => inner.delete(args)) : plain.delete(args),
    transaction: (work) =>
      explainOwnership(plain.transaction((inner) => work(inside(keepAnOwner(inner), audit)))),
  };
  return adapter;
}

type CreateArguments<T> = Omit<Parameters<DBTransactionAdapter['create']>[0], 'data'> & {
  data: Omit<T, 'id'>;
};
type IncrementArguments = Parameters<DBTransactionAdapter['incrementOne']>[0];
type UpdateArguments = Parameters<DBTransactionAdapter['update']>[0];

/** Inside a transaction: the event goes into the same. */
function inside(plain: DBTransactionAdapter, audit: AuditLog): DBTransactionAdapter {
  const record = async (model: string, operation: Operation, before: Row | null, after: Row | null) => {
    for (const event of describeWrite(model, operation, before, after))
      await append(plain, audit, event, after);
  };
  /** Of what a write is about to change, as it is once nobody else can change it any more: one change of a row at a time. */
  const lockMany = async (model: string, where: Where[] | undefined): Promise<Row[]> => {
    const found = await plain.findMany<Row>({ model, ...(where ? { where } : {}) });
    for (const rowId of found.map(({ id }) => String(id)).toSorted())
      await plain.create({ model: 'rowLock', data: { rowId } });
    return found.length === 0 ? [] : plain.findMany<Row>({ model, ...(where ? { where } : {}) });
  };
  const lockOne = async (model: string, where: Where[]): Promise<Row | null> =>
    (await lockMany(model, where))[0] ?? null;
  return {
    ...plain,
    create: async <T extends Row, R = T>(args: CreateArguments<T>): Promise<R> => {
      const made = await plain.create<T, R>(args);
      await record(args.model, 'create', null, toRow(made));
      return made;
    },
    update: async <T>(args: UpdateArguments): Promise<T | null> => {
      const { model, where } = args;
      const before = isRecorded(model, 'update') ? await lockOne(model, where) : null;
      const updated = await plain.update<T>(args);
      if (before && updated) await record(model, 'update', before, toRow(updated));
      return updated;
    },
    updateMany: async (args) => {
      const { model, where } = args;
      const before = isRecorded(model, 'update') ? await lockMany(model, where) : [];
      const count = await plain.updateMany(args);
      for (const row of before) await record(model, 'update', row, { ...row, ...args.update });
      return count;
    },
    incrementOne: async <T>(args: IncrementArguments): Promise<T | null> => {
      const { model, where } = args;
      const before = isRecorded(model, 'update') ? await lockOne(model, where) : null;
      const updated = await plain.incrementOne<T>(args);
      if (before && updated) await record(model, 'update', before, toRow(updated));
      return updated;
    },
    delete: async (args) => {
      const { model, where } = args;
      const before = isRecorded(model, 'delete') ? await lockOne(model, where) : null;
      await plain.delete(args);
      // Whom somebody else has removed meanwhile, nobody removes here.
      if (before || !isRecorded(model, 'delete')) await record(model, 'delete', before, null);
    },
  };
}

async function append(
  adapter: DBTransactionAdapter,
  audit: AuditLog,
  { chain, entry }: IdentityEvent,
  after: Row | null,
): Promise<void> {
  const event = toJson(toEvent(currentOrigin(after), entry));
  const row = await adapter.create<Row, Omit<AuditLink, 'teamId'>>({
    model: 'auditEvent',
    data: { teamId: chain, event },
  });
  const link = { teamId: chain, seq: Number(row.seq), hash: row.hash };
  await queueAfterTransactionHook(async () => audit.committed(link));
}

/** Who is signed in, else who signs up or in by this very write. */
function currentOrigin(after: Row | null): AuditOrigin {
  const context = tryGetCurrentAuthEndpointContext();
  const userId = context?.context.session?.user.id ?? after?.userId ?? after?.id;
  return {
    userId: typeof userId === 'string' ? toUserId(userId) : undefined,
    request: readOrigin(context?.headers),
  };
}

function toRow(value: unknown): Row | null {
  return typeof value === 'object' && value !== null ? { ...value } : null;
}
