import type { DBTransactionAdapter, Where } from 'better-auth';
import { APIError } from 'better-auth/api';
import { sqlStateOf } from '../../platform/errors';
import { toTeamRole } from '../callers/caller';

/** A row of Better Auth's model `member`. */
interface Member {
  organizationId: string;
  role: string;
}

/** As Better Auth says it to who comes later; it exports them to clients only. */
const refusals = {
  YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER: 'You cannot leave the organization as the only owner',
  YOU_CANNOT_LEAVE_THE_ORGANIZATION_WITHOUT_AN_OWNER: 'You cannot leave the organization without an owner',
};

type RefusalCode = keyof typeof refusals;

const checkViolation = '23514';

/**
 * Lets no team lose its last owner, inside a transaction of Better Auth's adapter. It looks for another owner itself, but
 * before the transaction: two owners who leave at one moment would each see the other. Here one of them waits, looks when the
 * other is gone, and is answered as if they had come later.
 */
export function keepAnOwner(plain: DBTransactionAdapter): DBTransactionAdapter {
  const lockTeams = async (where: Where[]): Promise<Member[]> => {
    const members = await plain.findMany<Member>({ model: 'member', where });
    const teams = new Set(members.map(({ organizationId }) => organizationId));
    for (const rowId of [...teams].toSorted()) await plain.create({ model: 'rowLock', data: { rowId } });
    return members;
  };
  const assertOwners = async (before: Member[], code: RefusalCode) => {
    for (const { organizationId, role } of before) {
      if (toTeamRole(role) !== 'owner') continue;
      const owners = await plain.count({
        model: 'member',
        where: [
          { field: 'organizationId', value: organizationId },
          { field: 'role', operator: 'contains', value: 'owner' }, // it may be one of several
        ],
      });
      if (owners === 0) throw refuse(code);
    }
  };
  return {
    ...plain,
    update: async <T>(args: Parameters<DBTransactionAdapter['update']>[0]): Promise<T | null> => {
      if (args.model !== 'member') return plain.update<T>(args);
      const before = await lockTeams(args.where);
      const updated = await plain.update<T>(args);
      await assertOwners(before, 'YOU_CANNOT_LEAVE_THE_ORGANIZATION_WITHOUT_AN_OWNER');
      return updated;
    },
    delete: async (args) => {
      if (args.model !== 'member') return plain.delete(args);
      const before = await lockTeams(args.where);
      await plain.delete(args);
      await assertOwners(before, 'YOU_CANNOT_LEAVE_THE_ORGANIZATION_AS_THE_ONLY_OWNER');
    },
    // All members go where their team does. Its lock comes first here, too, or somebody who leaves could hold what this waits for.
    deleteMany: async (args) => {
      if (args.model === 'member') await lockTeams(args.where);
      return plain.deleteMany(args);
    },
  };
}

/**
 * What a write that asks nobody is answered: the database keeps an owner as well, when the transaction ends (see the
 * migration), and refuses in its own words.
 */
export async function explainOwnership<T>(transaction: Promise<T>): Promise<T> {
  try {
    return await transaction;
  } catch (error) {
    throw isOwnerless(error) ? refuse('YOU_CANNOT_LEAVE_THE_ORGANIZATION_WITHOUT_AN_OWNER') : error;
  }
}

function isOwnerless(error: unknown): boolean {
  return (
    sqlStateOf(error) === checkViolation &&
    error instanceof Error &&
    'constraint' in error &&
    error.constraint === 'keep_an_owner'
  );
}

function refuse(code: RefusalCode): APIError {
  return new APIError('BAD_REQUEST', { code, message: refusals[code] });
}
