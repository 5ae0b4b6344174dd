import { APIError } from 'better-auth/api';
import type { DBAdapter } from 'better-auth';

/**
 * Refuses to choose a team for a session that ended at the same moment: Better Auth would go on without its row, and
 * fail at that (`set-active`). Answers 401, as the next call of that session is answered.
 */
export function refuseEndedSessions(adapter: DBAdapter): DBAdapter {
  return {
    ...adapter,
    update: async <T>(args: Parameters<DBAdapter['update']>[0]): Promise<T | null> => {
      const row = await adapter.update<T>(args);
      if (row === null && args.model === 'session' && 'activeOrganizationId' in args.update)
        throw new APIError('UNAUTHORIZED', {
          code: 'UNAUTHORIZED',
          message: 'This session has ended. Sign in again.',
        });
      return row;
    },
  };
}
