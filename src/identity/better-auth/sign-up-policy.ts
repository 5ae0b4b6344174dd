import type { DBTransactionAdapter } from 'better-auth';

type Reader = Pick<DBTransactionAdapter, 'count' | 'findMany'>;

/*
 * These run inside Better Auth's own transaction and must read through its adapter: on the embedded database an open
 * transaction blocks every other connection.
 */

/**
 * Who may open an account: nobody with an address that cannot be anybody's (`nobody`); the first person (who becomes the platform admin), later ones by `AUTH_SIGN_UP`. Two people
 * who are first at the same moment both get `first` here; a unique column lets one of them through.
 */
export async function admit(
  reader: Reader,
  mode: 'open' | 'invite' | 'closed',
  email: string,
): Promise<'first' | 'admitted' | 'refused' | 'nobody'> {
  if (namesNobody(email)) return 'nobody';
  const people = [{ field: 'kind', value: 'person' }];
  if ((await reader.count({ model: 'user', where: people })) === 0) return 'first';
  if (mode !== 'invite') return mode === 'open' ? 'admitted' : 'refused';
  const invitations = await reader.findMany<{ expiresAt: Date }>({
    model: 'invitation',
    where: [
      { field: 'email', value: email.toLowerCase() },
      { field: 'status', value: 'pending' },
    ],
  });
  return invitations.some(({ expiresAt }) => expiresAt > new Date()) ? 'admitted' : 'refused';
}

/** RFC 6761: nothing under `.invalid` exists. The rows through which API keys act have addresses there. */
function namesNobody(email: string): boolean {
  return email.toLowerCase().endsWith('.invalid');
}

/** The team that a person has been in for longest, `null` for none. */
export async function findFirstTeam(reader: Reader, userId: string): Promise<string | null> {
  const [membership] = await reader.findMany<{ organizationId: string }>({
    model: 'member',
    where: [{ field: 'userId', value: userId }],
    sortBy: { field: 'createdAt', direction: 'asc' },
    limit: 1,
  });
  return membership?.organizationId ?? null;
}
