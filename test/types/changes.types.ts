import { toTeamId } from '@kdx/shared';
import { changed, difference, unchanged } from '../../src/platform/audit';
import type { PlatformChanges, TeamChanges } from '../../src/platform/tenancy';

/* Read by the type check alone: a change that does not say what it did must not compile. */

const scope = { teamId: toTeamId('019aa000-0000-7000-8000-000000000001') };
const target = { type: 'thing', id: null };

export async function mayChange(team: TeamChanges, platform: PlatformChanges): Promise<number> {
  await team.commit(scope, async () => unchanged(undefined));
  await platform.commit({ system: 'start' }, async () =>
    changed('x', difference('things.make', target, null, {})),
  );
  return team.commit(scope, async () => changed(1, difference('things.make', target, null, { name: 'x' })));
}

export async function mayNot(team: TeamChanges, platform: PlatformChanges): Promise<void> {
  // @ts-expect-error -- a result alone
  await team.commit(scope, async () => 1);
  // @ts-expect-error -- nothing at all
  await team.commit(scope, async () => undefined);
  // @ts-expect-error -- events without an action
  await platform.commit({}, async () => changed(1, [{ target }]));
  // @ts-expect-error -- by nobody
  await platform.commit(async () => unchanged(1));
}
