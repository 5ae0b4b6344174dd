import { Inject, Module, type InjectionToken } from '@nestjs/common';
import { LazyModuleLoader, ModulesContainer } from '@nestjs/core';
import { AiStudioModule, AiStudioService } from '../../src/ai-studio';
import { AppConfigModule } from '../../src/app-config';
import { ChatModule } from '../../src/chat';
import { IdentityModule } from '../../src/identity';
import { startTestApp, type TestApp } from '../support/app';

/** What each module gives to others. A change here is a change of the house: write down why. */
const expectedExports: Record<string, string[]> = {
  AppModule: [],
  EnvModule: ['ENV'],
  LoggingModule: ['LOGGER'],
  MetricsModule: ['Metrics'],
  LifecycleModule: ['Lifecycle'],
  LimitsModule: ['Limiters'],
  AuditModule: ['AuditLog', 'RefusedAttempts'],
  DatabaseModule: [
    'AcrossTeams',
    'Database',
    'Housekeeping',
    'LiveServers',
    'PlatformTransaction',
    'Recovery',
    'TeamTransaction',
  ],
  TenancyModule: ['PlatformChanges', 'TeamChanges', 'TeamDeletions'],
  EgressModule: ['EgressGuard'],
  IdentityModule: ['Directory', 'TrpcPermissionMiddleware'],
  AppConfigModule: ['AppConfigService'],
  AiStudioModule: ['AiStudioService'],
  EncryptionModule: ['EncryptionService'],
  ChatModule: [],
  HealthModule: [],
};

/** Modules of Nest and of nestjs-trpc. */
const foreignModules = ['DiscoveryModule', 'FactoryModule', 'InternalCoreModule', 'TRPCModule'];

/* Starting an application, or reading the whole product, takes its time on a busy machine. */
jest.setTimeout(120_000);

describe('what modules give to each other', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp();
  });

  afterAll(() => app.close());

  it('is the list above, and no more', () => {
    const actual = modulesOf(app).map(({ name, exports }) => [name, [...exports].map(nameOf).toSorted()]);
    expect(Object.fromEntries(actual)).toEqual(expectedExports);
  });

  it('names every token that a room keeps to itself', () => {
    const names = privateTokens(app, 'AiStudioModule').map(nameOf);
    expect(names).toEqual(
      expect.arrayContaining(['TokenRepository', 'TokenService', 'ExecutionService', 'ModelClients']),
    );
    expect(privateTokens(app, 'AppConfigModule').map(nameOf)).toContain('AppConfigRepository');
    expect(privateTokens(app, 'ChatModule').map(nameOf)).toContain('MessageRepository');
    expect(privateTokens(app, 'IdentityModule').map(nameOf)).toContain('BETTER_AUTH');
  });

  it('lets a consumer inject AiStudioService', async () => {
    await expect(injectFromOutside(app, AiStudioModule, AiStudioService)).resolves.toBeInstanceOf(
      AiStudioService,
    );
  });

  it.each([
    ['AiStudioModule', AiStudioModule],
    ['AppConfigModule', AppConfigModule],
    ['ChatModule', ChatModule],
    ['IdentityModule', IdentityModule],
  ] as const)('refuses every private provider of %s to a consumer that imports it', async (name, room) => {
    for (const token of privateTokens(app, name)) await expectRefusal(app, room, token);
  });

  it('refuses the ciphers and the data keys to a consumer that imports AI Studio', async () => {
    const encryption = modulesOf(app).find(({ name }) => name === 'EncryptionModule');
    const names = [...(encryption?.providers.keys() ?? [])].map(nameOf);
    expect(names).toEqual(expect.arrayContaining(['EncryptionService', 'KEK_PROVIDER', 'TeamKeyRepository']));
    for (const token of encryption?.providers.keys() ?? []) {
      if (!isOfNest(token)) await expectRefusal(app, AiStudioModule, token);
    }
  });

  it('refuses the way across teams, and the vacuum of the embedded database', async () => {
    for (const token of privateTokens(app, 'DatabaseModule')) await expectRefusal(app, ChatModule, token);
    expect(privateTokens(app, 'DatabaseModule').map(nameOf)).toEqual([
      'MaintenanceTransaction',
      'AutoVacuum',
    ]);
  });
});

function modulesOf({ nest }: TestApp) {
  return [...nest.get(ModulesContainer).values()].filter(({ name }) => !foreignModules.includes(name));
}

/** What a module provides for itself and does not export. */
function privateTokens(app: TestApp, moduleName: string): InjectionToken[] {
  const found = modulesOf(app).find(({ name }) => name === moduleName);
  if (!found) throw new Error(`There is no module ${moduleName}.`);
  return [...found.providers.keys()].filter((token) => !found.exports.has(token) && !isOfNest(token));
}

/** Nest gives every module itself, its reference and the application's configuration. */
function isOfNest(token: InjectionToken): boolean {
  return /^(ModuleRef|ApplicationConfig)$|Module$|^APP_/.test(nameOf(token));
}

function nameOf(token: InjectionToken): string {
  if (typeof token === 'function') return token.name;
  return typeof token === 'symbol' ? (token.description ?? '') : String(token);
}

async function expectRefusal(app: TestApp, room: new () => object, token: InjectionToken): Promise<void> {
  const refusal = await injectFromOutside(app, room, token).catch((error: unknown) => error);
  expect({
    token: nameOf(token),
    refusal: refusal instanceof Error ? refusal.constructor.name : 'injected',
  }).toEqual({
    token: nameOf(token),
    refusal: 'UnknownDependenciesException',
  });
}

/** Adds a module to the running application that imports `room` and injects `token`. */
async function injectFromOutside(
  app: TestApp,
  room: new () => object,
  token: InjectionToken,
): Promise<unknown> {
  class Consumer {
    constructor(@Inject(token) readonly injected: unknown) {}
  }

  @Module({ imports: [room], providers: [Consumer] })
  class OutsideModule {}

  const module = await app.nest.get(LazyModuleLoader).load(() => OutsideModule, { logger: false });
  return module.get(Consumer).injected;
}
