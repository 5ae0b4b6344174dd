import { Database } from '../../src/platform/database';
import { startTestApp, type TestApp } from '../support/app';
import { Client, createTeam, signUp, type Answer } from '../support/client';

describe('signing up', () => {
  let app: TestApp;

  afterEach(() => app?.close());

  it('makes exactly one of several first accounts the platform admin, though they come at the same moment', async () => {
    app = await startTestApp({ AUTH_SIGN_UP: 'open' });
    const answers = await Promise.all(
      ['ada', 'bea', 'cid', 'dan', 'eve', 'fay'].map((name) => trySignUp(app, name)),
    );

    const made = answers.filter(({ status }) => status === 200);
    expect(made.length).toBeGreaterThan(0);
    expect(made.map(({ body }) => body.user.platformRole).filter((role) => role !== 'user')).toEqual([
      'platformAdmin',
    ]);
    for (const refused of answers.filter(({ status }) => status !== 200)) expect(refused.status).toBe(422);
    expect(await listPlatformAdmins(app)).toHaveLength(1);

    // One who was first as well, and lost, is an ordinary user at the next try.
    const again = await trySignUp(app, 'gus');
    expect(again.body.user.platformRole).toBe('user');
  });

  it('opens one account only where sign-up is closed, though two come at the same moment', async () => {
    app = await startTestApp({ AUTH_SIGN_UP: 'closed' });
    const answers = await Promise.all(['ada', 'bea'].map((name) => trySignUp(app, name)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);

    const late = await trySignUp(app, 'cid');
    expect(late.status).toBe(403);
    expect(late.body.code).toBe('SIGN_UP_REFUSED');
    expect(late.headers.get('set-auth-token')).toBeNull();
    expect(late.headers.getSetCookie()).toEqual([]);

    // Not even with an invitation.
    const first = answers.find(({ status }) => status === 200)!;
    const owner = await createTeam(new Client(app.url, first.headers.get('set-auth-token')!));
    await invite(owner, 'cid@example.com');
    expect((await trySignUp(app, 'cid')).status).toBe(403);
    expect(await countAccounts(app)).toBe(1);
  });

  it('lets in only who has a pending invitation, where sign-up is by invitation', async () => {
    app = await startTestApp({ AUTH_SIGN_UP: 'invite' });
    const owner = await createTeam(await signUp(app, 'owner'));

    expect(await trySignUp(app, 'stranger')).toMatchObject({
      status: 403,
      body: { code: 'SIGN_UP_REFUSED' },
    });

    const cancelled = await invite(owner, 'cancelled@example.com');
    await owner.post('/api/auth/organization/cancel-invitation', { invitationId: cancelled.body.id });
    expect((await trySignUp(app, 'cancelled')).status).toBe(403);

    const expired = await invite(owner, 'expired@example.com');
    await app.nest
      .get(Database)
      .pool.query(`update team_invitation set expires_at = now() - interval '1 minute' where id = $1`, [
        expired.body.id,
      ]);
    expect((await trySignUp(app, 'expired')).status).toBe(403);
    expect(await countAccounts(app)).toBe(1);

    const invited = await invite(owner, 'Guest@Example.com');
    const guest = await signUp(app, 'guest');
    const accepted = await guest.post('/api/auth/organization/accept-invitation', {
      invitationId: invited.body.id,
    });
    expect(accepted.status).toBe(200);
    expect((await guest.inTeam(owner.teamId).get('/api/v1/team-models')).status).toBe(200);
    expect(await listPlatformAdmins(app)).toEqual(['owner@example.com']);
  });

  it('gives an invitation to nobody but whom it names', async () => {
    app = await startTestApp({ AUTH_SIGN_UP: 'open' });
    const owner = await createTeam(await signUp(app));
    const [guest, thief] = [await signUp(app, 'guest'), await signUp(app, 'thief')];
    const { body: invitation } = await invite(owner, guest.email!);

    const stolen = await thief.post('/api/auth/organization/accept-invitation', {
      invitationId: invitation.id,
    });
    expect(stolen.status).toBe(400); // to them it is one that never was: peer-weaknesses.spec.ts
    expect((await thief.inTeam(owner.teamId).get('/api/v1/team-models')).status).toBe(404);

    expect(
      (await guest.post('/api/auth/organization/accept-invitation', { invitationId: invitation.id })).status,
    ).toBe(200);
    const twice = await guest.post('/api/auth/organization/accept-invitation', {
      invitationId: invitation.id,
    });
    expect(twice.status).toBe(400);
  });
});

function trySignUp(app: TestApp, name: string): Promise<Answer> {
  const account = { name, email: `${name}@example.com`, password: 'correct horse battery' };
  return new Client(app.url).post('/api/auth/sign-up/email', account);
}

async function invite(owner: Client, email: string): Promise<Answer> {
  const answer = await owner.post('/api/auth/organization/invite-member', {
    email,
    role: 'member',
    organizationId: owner.teamId,
  });
  expect(answer.status).toBe(200);
  return answer;
}

async function listPlatformAdmins(app: TestApp): Promise<string[]> {
  const { rows } = await app.nest
    .get(Database)
    .pool.query<{ email: string }>(`select email from auth_user where platform_role = 'platformAdmin'`);
  return rows.map(({ email }) => email);
}

async function countAccounts(app: TestApp): Promise<number> {
  const { rows } = await app.nest
    .get(Database)
    .pool.query<{ count: number }>('select count(*) from auth_user');
  return rows[0]!.count;
}
