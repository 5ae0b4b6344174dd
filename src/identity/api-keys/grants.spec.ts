import * as fc from 'fast-check';
import { toTeamId, toUserId } from '@kdx/shared';
import { AppError } from '../../platform/errors';
import { assertPermission, type ApiKeyGrant, type Identified, type TeamRole } from '../callers/caller';
import { grantablePermissions, type GrantablePermission } from '../permissions/grantable';
import { permissions, type Permission } from '../permissions/permissions';
import { assertGrantable, resolveExpiry } from './grants';

const now = new Date('2026-11-23T12:00:00.000Z');
const day = 86_400_000;
const after = (days: number) => new Date(now.getTime() + days * day);

const scopes = fc.subarray([...grantablePermissions], { minLength: 1 });
const expiry = fc.option(fc.date({ min: after(1), max: after(1_500), noInvalidDate: true }));
const grant: fc.Arbitrary<ApiKeyGrant> = fc.record({ scopes, expiresAt: expiry });
const somebody = {
  userId: toUserId('01a20702-4b62-7744-930f-37854108acde'),
  name: 'Somebody',
  platformAdmin: false,
};
const teamId = toTeamId('01a20702-4b62-7744-930f-37854108acdf');

const person = (role: TeamRole | undefined, platformAdmin = false): Identified => ({
  ...somebody,
  platformAdmin,
  team: role && { id: teamId, role },
});
const key = (apiKey: ApiKeyGrant): Identified => ({
  ...somebody,
  team: { id: teamId, role: undefined },
  apiKey,
});

const people: fc.Arbitrary<Identified> = fc
  .tuple(fc.constantFrom('owner', 'admin', 'member', undefined), fc.boolean())
  .map(([role, platformAdmin]) => person(role, platformAdmin));

describe('what may be given away', () => {
  it('is never more than the grantor has: whatever the new key may do, its maker may do', () => {
    fc.assert(
      fc.property(fc.oneof(people, grant.map(key)), grant, (maker, wanted) => {
        const isGiven = passes(() => assertGrantable(maker, wanted));
        const canAll = wanted.scopes.every((scope) => passes(() => assertPermission(maker, scope)));
        const outlives = maker.apiKey ? isLater(wanted.expiresAt, maker.apiKey.expiresAt) : false;
        if (isGiven) expect({ canAll, outlives }).toEqual({ canAll: true, outlives: false });
        // And no less, but for a platform admin, whose right to read the instance's log is no team's to give.
        if (!isGiven && !maker.platformAdmin) expect(canAll && !outlives).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  it('shrinks along any chain of keys that make keys', () => {
    fc.assert(
      fc.property(people, fc.array(grant, { minLength: 2, maxLength: 8 }), (first, chain) => {
        let maker = first;
        for (const wanted of chain) {
          if (!passes(() => assertGrantable(maker, wanted))) continue;
          for (const name of Object.keys(permissions) as Permission[])
            if (passes(() => assertPermission(key(wanted), name)) && permissions[name] !== 'public')
              expect(passes(() => assertPermission(first, name))).toBe(true);
          if (maker.apiKey) expect(isLater(wanted.expiresAt, maker.apiKey.expiresAt)).toBe(false);
          maker = key(wanted);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is named where it is too much', () => {
    const maker = key({ scopes: ['apiKeys.write', 'chat.use'], expiresAt: after(10) });
    const tooMuch = { scopes: ['chat.use', 'tokens.write', 'agents.read'], expiresAt: after(1) } as const;
    expect(refusal(() => assertGrantable(maker, tooMuch))).toMatchObject({
      code: 'FORBIDDEN',
      message: expect.stringContaining('tokens.write, agents.read'),
      details: { scopes: ['tokens.write', 'agents.read'] },
    });
    for (const expiresAt of [null, after(11)])
      expect(refusal(() => assertGrantable(maker, { scopes: ['chat.use'], expiresAt }))).toMatchObject({
        code: 'FORBIDDEN',
        details: { expiresAt: after(10).toISOString() },
      });
    expect(() => assertGrantable(maker, { scopes: ['chat.use'], expiresAt: after(10) })).not.toThrow();
  });

  it('is nothing that is for the platform admin or for everybody', () => {
    const others = (Object.keys(permissions) as Permission[]).filter(
      (name) => !(grantablePermissions as readonly string[]).includes(name),
    );
    expect(others.map((name) => permissions[name]).toSorted()).toEqual([
      'platformAdmin',
      'platformAdmin',
      'public',
      'public',
      'public',
    ]);
    // A key that was given it before the table changed has it no more.
    for (const name of ['providers.write', 'models.write'] as Permission[] as GrantablePermission[])
      expect(refusal(() => assertPermission(key({ scopes: [name], expiresAt: null }), name))).toMatchObject({
        code: 'FORBIDDEN',
      });
  });
});

describe('until when a key works', () => {
  const owner = person('owner');

  it.each([...[0, -1, 5 * 366].map((days) => after(days).toISOString()), '2026-11-23', 'never'])(
    'is refused unless it is ahead, by five years at most: %s',
    (wanted) => {
      expect(refusal(() => resolveExpiry(owner, wanted, now))).toMatchObject({ code: 'VALIDATION_FAILED' });
    },
  );

  it('is a year where nothing is said, but no longer than the key that makes it', () => {
    const maker = (expiresAt: Date | null) => key({ scopes: ['apiKeys.write'], expiresAt });
    expect(resolveExpiry(maker(null), undefined, now)).toEqual(after(365));
    expect(resolveExpiry(maker(after(400)), undefined, now)).toEqual(after(365));
    expect(resolveExpiry(maker(after(30)), undefined, now)).toEqual(after(30));
  });

  it('is what is said, and never where that is said', () => {
    expect(resolveExpiry(owner, '2031-11-23T12:00:00Z', now)).toEqual(new Date('2031-11-23T12:00:00Z'));
    expect(resolveExpiry(owner, '2026-11-23T13:00:00.001+01:00', now)).toEqual(new Date(now.getTime() + 1));
    expect(resolveExpiry(owner, null, now)).toBeNull();
  });
});

function isLater(one: Date | null, other: Date | null): boolean {
  return other !== null && (one === null || one > other);
}

function passes(work: () => void): boolean {
  return refusal(work) === undefined;
}

function refusal(work: () => unknown): AppError | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}
