import { randomUUID } from 'node:crypto';
import { Controller, Get, Module } from '@nestjs/common';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Query, Router } from 'nestjs-trpc';
import { AppModule } from '../../src/app.module';
import { needs, permissions, RequirePermission, type Permission } from '../../src/identity';
import { createLogger } from '../../src/platform/logging';
import { startTestApp, type TestApp } from '../support/app';
import { Client } from '../support/client';
import { createTestDatabase, type TestDatabase } from '../support/databases';
import { createTestEnv } from '../support/env';
import { countRouterMethods, listDoors, recordRoutes, type Door } from './routes';

/** The browser's view of the API document, and tRPC's one route, behind which the procedures are. */
const exceptions = /^\/(docs|trpc)(\/|$)/;
const anyId = '019aa000-0000-7000-8000-00000000ffff';

/* Starting an application, or reading the whole product, takes its time on a busy machine. */
jest.setTimeout(120_000);

describe('permissions of the running application', () => {
  let app: TestApp;
  let doors: Door[];

  beforeAll(async () => {
    const { result, routes } = await recordRoutes(() => startTestApp());
    app = result;
    doors = listDoors(app.nest, routes, exceptions);
  });

  afterAll(() => app.close());

  it('are declared by every route and every procedure', () => {
    expect(doors.filter(({ transport }) => transport === 'rest').length).toBeGreaterThan(30);
    expect(doors.filter(({ transport }) => transport === 'trpc').length).toBeGreaterThan(30);
    expect(doors.filter(({ permission }) => permission === undefined)).toEqual([]);
  });

  it('leave no procedure out: no two routers share a name', () => {
    expect(doors.filter(({ transport }) => transport === 'trpc')).toHaveLength(countRouterMethods(app.nest));
  });

  it('are public for nothing but health, accounts, and metrics, which have a token of their own', () => {
    const open = doors
      .filter(({ permission }) => permission && permissions[permission] === 'public')
      .map(({ path }) => path);
    expect([...new Set(open)].toSorted()).toEqual([
      '/api/auth/*',
      '/health/live',
      '/health/ready',
      '/metrics',
    ]);
  });

  it('keep a stranger out of everything else, over both transports', async () => {
    const stranger = new Client(app.url);
    for (const door of doors) {
      if (!door.permission || permissions[door.permission] === 'public') continue;
      expect({ ...door, isShut: await isShut(stranger, door) }).toEqual({ ...door, isShut: true });
    }
  });
});

describe('a route and a procedure without a permission', () => {
  let app: NestFastifyApplication;
  let database: TestDatabase;
  let doors: Door[];

  beforeAll(async () => {
    database = await createTestDatabase();
    const { result, routes } = await recordRoutes(() => startWith(ForgetfulModule, database));
    app = result;
    doors = listDoors(app, routes, exceptions);
  });

  afterAll(async () => {
    await app.close();
    await database.drop();
  });

  it('are found, and so is a permission that is not in the table', () => {
    const found = doors.filter(({ permission }) => permission === undefined);
    expect(found.map(({ method, path }) => `${method} ${path}`).toSorted()).toEqual([
      'GET /forgetful/nothing',
      'GET /forgetful/unknown',
      'HEAD /forgetful/nothing',
      'HEAD /forgetful/unknown',
      'query forgetful.nothing',
      'query forgetful.unknown',
    ]);
  });

  it.each(['/forgetful/nothing', '/forgetful/unknown', '/trpc/forgetful.nothing', '/trpc/forgetful.unknown'])(
    'are closed at run time, to somebody who is signed in too: %s',
    async (url) => {
      const signUp = await app.inject({
        method: 'POST',
        url: '/api/auth/sign-up/email',
        payload: { name: 'Ada', email: `${randomUUID()}@example.com`, password: 'correct horse battery' },
      });
      const authorization = `Bearer ${String(signUp.headers['set-auth-token'])}`;
      const answer = await app.inject({ method: 'GET', url, headers: { authorization } });
      expect({ status: answer.statusCode, body: answer.body }).toEqual({
        status: 500,
        body: expect.stringContaining('"code":"INTERNAL"'),
      });
      expect(answer.body).not.toContain('a secret');
    },
  );
});

const unknown = 'chat.everything' as Permission; // what a cast, or a permission that was removed, leaves behind

@Controller('forgetful')
class ForgetfulController {
  @Get('nothing')
  nothing(): string {
    return 'a secret';
  }

  @Get('unknown')
  @RequirePermission(unknown)
  unknown(): string {
    return 'a secret';
  }
}

@Router({ alias: 'forgetful' })
class ForgetfulRouter {
  @Query()
  nothing(): string {
    return 'a secret';
  }

  @Query({ meta: needs(unknown) })
  unknown(): string {
    return 'a secret';
  }
}

@Module({ controllers: [ForgetfulController], providers: [ForgetfulRouter] })
class ForgetfulModule {}

async function startWith(extra: new () => object, place: TestDatabase): Promise<NestFastifyApplication> {
  const env = { ...createTestEnv(place), publicUrl: 'http://127.0.0.1:1' };
  const logger = createLogger(env, { write: () => undefined });
  const module = await Test.createTestingModule({
    imports: [AppModule.register(env, logger), extra],
  }).compile();
  const app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter(), { logger: false });
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return app;
}

/** Calls a door as a client would; true where it answers that one has to sign in. */
async function isShut(client: Client, { transport, method, path }: Door): Promise<boolean> {
  if (transport === 'rest') {
    const body = ['GET', 'HEAD', 'DELETE'].includes(method) ? undefined : {};
    return (await client.call(method, path.replace(/:\w+/g, anyId), body)).status === 401;
  }
  const answer = method === 'mutation' ? await client.mutate(path) : await client.query(path, {});
  // A subscription answers 200 and says in its first event what is wrong.
  return answer.status === 401 || (method === 'subscription' && answer.text.includes('"UNAUTHENTICATED"'));
}
