import { createScratch, type Scratch } from './scratch';
import { findBrokenDoors } from './source-doors';

/** One small edit: where, what, and the rule that it breaks. */
type Violation = [rule: string, path: string, text: string];

const imports: Violation[] = [
  ...readRules().flatMap(({ name, to }) => violateDirection(name, to.pathNot)),
  ['no-cycles', 'src/chat/sessions/session.repository.ts', `import './session.service';`],
  ['room-by-its-face', 'src/chat/deep.ts', `import '../ai-studio/tokens/token.service';`],
  [
    'room-by-its-face',
    'src/ai-studio/foreign.repository.ts',
    `import '../app-config/app-config.repository';`,
  ],
  ['room-by-its-face', 'src/health/deep-platform.ts', `import '../platform/env/generated-keys';`],
  ['app-files-by-face', 'src/deep.ts', `import './chat/chat.router';`],
  [
    'platform-part-by-its-face',
    'src/platform/http/deep.ts',
    `import type { AppError } from '../errors/app-error';`,
  ],
  ['shared-by-its-face', 'src/chat/deep-shared.ts', `import '../../libs/shared/src/apps';`],
  ['shared-is-pure', 'libs/shared/src/nest.ts', `import '@nestjs/common';`],
  ['shared-is-pure', 'libs/shared/src/node.ts', `import 'node:fs';`],
  ['room-in-the-table', 'src/attic/index.ts', `import '../platform/errors';`],
  ['nobody-imports-app-files', 'src/chat/top.ts', `import '../app';`],
  [
    'typeorm-in-storage',
    'src/chat/sessions/storage.service.ts',
    `import type { EntityManager } from 'typeorm';`,
  ],
  ['driver-in-database', 'src/chat/connection.repository.ts', `import { Client } from 'pg';`],
  [
    'ciphers-in-encryption',
    'src/ai-studio/tokens/own-cipher.ts',
    `import { createCipheriv } from 'node:crypto';`,
  ],
  ['ciphers-in-encryption', 'src/ai-studio/tokens/lazy-cipher.ts', `void import('crypto');`],
  ['provider-sdks-in-providers', 'src/chat/own-model.ts', `import { createOpenAI } from '@ai-sdk/openai';`],
  [
    'provider-sdks-in-providers',
    'src/ai-studio/execution/own-model.ts',
    `void import('@openrouter/ai-sdk-provider');`,
  ],
  [
    'provider-sdks-in-providers',
    'src/ai-studio/execution/local-model.ts',
    `void import('ollama-ai-provider-v2');`,
  ],
  [
    'provider-protocol-in-execution',
    'src/chat/protocol.ts',
    `import type { LanguageModelV4 } from '@ai-sdk/provider';`,
  ],
  ['models-run-in-executors', 'src/ai-studio/prompts/run.ts', `import { generateText } from 'ai';`],
  ['models-run-in-executors', 'src/health/run.ts', `import { generateText } from 'ai';`],
  ['http-out-in-egress', 'src/ai-studio/tokens/call.ts', `import { request } from 'undici';`],
  ['http-out-in-egress', 'src/identity/call.ts', `import { get } from 'node:https';`],
  ['redis-in-limits', 'src/chat/sessions/store.ts', `import { Redis } from 'ioredis';`],
  ['prometheus-in-metrics', 'src/chat/count.ts', `import { Counter } from 'prom-client';`],
  ['better-auth-in-identity', 'src/chat/accounts.ts', `import { betterAuth } from 'better-auth';`],
  [
    'database-in-repositories',
    'src/chat/pool.service.ts',
    `import { Database } from '../platform/database';`,
  ],
  [
    'doors-see-no-storage',
    'src/chat/bold.router.ts',
    `import { SessionRepository } from './sessions/session.repository';`,
  ],
  [
    'doors-see-no-storage',
    'src/chat/bold.controller.ts',
    `import type { ChatSession } from './sessions/chat.entities';`,
  ],
  [
    'faces-show-no-storage',
    'src/app-config/index.ts',
    `export { AppConfigRepository } from './app-config.repository';`,
  ],
  [
    'encryption-by-its-service',
    'src/ai-studio/tokens/open.ts',
    `import { openBlob } from '../encryption/sealed-blob';`,
  ],
  ['no-tests-in-the-product', 'src/platform/egress/product.ts', `import './egress.spec-support';`],
  ['no-development-packages', 'src/chat/development.ts', `import 'fast-check';`],
  ['only-declared-packages', 'src/chat/borrowed.ts', `import 'kysely';`],
  ['no-unresolvable', 'src/chat/lost.ts', `import './nowhere';`],
];

const names: Violation[] = [
  ['no-restricted-globals', 'src/chat/fetch.ts', `export const answer = () => fetch('https://example.com');`],
  ['no-restricted-globals', 'src/chat/crypto.ts', `export const id = () => crypto.randomUUID();`],
  [
    'no-restricted-properties',
    'src/chat/global-fetch.ts',
    `export const answer = () => globalThis.fetch('https://example.com');`,
  ],
  ['no-restricted-properties', 'src/chat/taken-fetch.ts', `export const { fetch } = globalThis;`],
  ['no-restricted-properties', 'src/chat/env.ts', `export const home = process.env.HOME;`],
  ['no-restricted-properties', 'src/chat/taken-env.ts', `export const { env } = process;`],
  ['no-restricted-properties', 'src/platform/logging/env.ts', `export const level = process['env'];`],
  ['no-restricted-imports', 'src/chat/imported-env.ts', `export { env } from 'node:process';`],
  [
    'no-restricted-imports',
    'src/chat/forward.ts',
    `import { forwardRef } from '@nestjs/common';\nexport const later = forwardRef;`,
  ],
  [
    'no-restricted-imports',
    'src/chat/relation.entity.ts',
    `import { ManyToOne } from 'typeorm';\nexport const relation = ManyToOne;`,
  ],
];

const texts: Violation[] = [
  ['export-star', 'src/chat/star.ts', `export * from './chat.module';`],
  ['export-star', 'src/chat/named-star.ts', `export * as chat from './chat.module';`],
  ['cipher', 'src/identity/callers/cipher.ts', `import { createCipheriv as digest } from 'node:crypto';`],
  [
    'cipher',
    'src/identity/callers/whole.ts',
    `import * as c from 'node:crypto';\nexport const seal = c['subtle'] ?? c.createDecipheriv;`,
  ],
  ['computed-import', 'src/chat/computed.ts', `const name = 'undici';\nvoid import(name);`],
  [
    'silenced-door',
    'src/chat/silent.ts',
    `// oxlint-disable-next-line no-restricted-globals -- just once\nvoid fetch;`,
  ],
  ['silenced-door', 'src/chat/all-silent.ts', `const x = 1; /* eslint-disable */\nexport { x };`],
];

/* Starting an application, or reading the whole product, takes its time on a busy machine. */
jest.setTimeout(120_000);

describe('the doors between the rooms', () => {
  /** The product, and in it each broken door: what else is found, is broken in the product as it is. */
  let scratch: Scratch;
  const broken = [...imports, ...names, ...texts].map(([, path]) => path);

  beforeAll(() => {
    scratch = createScratch();
    for (const [, path, text] of [...imports, ...names, ...texts]) scratch.add(path, text);
  });

  afterAll(() => scratch.remove());

  it('fail check:boundaries where they are broken, by their name, and nowhere else', async () => {
    const { passed, output } = await scratch.run('check:boundaries');
    expect(passed).toBe(false);
    for (const [rule, path] of imports) expect(output).toMatch(new RegExp(`error ${rule}: ${path} →`));
    const violations = output.split(/^\s*(?=(?:error|warn|info) )/m).slice(1);
    expect(violations.length).toBeGreaterThanOrEqual(imports.length);
    expect(violations.filter((text) => !broken.some((path) => text.includes(path)))).toEqual([]);
  });

  it('have no rule without a proof, and none that explains nothing', () => {
    const rules = readRules();
    expect(rules.map(({ name }) => name).toSorted()).toEqual(
      [...new Set(imports.map(([rule]) => rule))].toSorted(),
    );
    for (const rule of rules)
      expect(rule).toMatchObject({ severity: 'error', comment: expect.stringMatching(/\w{3,}.*\./) });
  });

  it('fail check:lint where they are broken, by their name, and nowhere else', async () => {
    const doors = /no-restricted-(globals|properties|imports)/;
    const { passed, output } = await scratch.run('check:lint', '--format=unix', 'src', 'libs');
    expect(passed).toBe(false);
    for (const [rule, path] of names) expect(output).toMatch(new RegExp(`${path}:.*${rule}`));
    const found = output.split('\n').filter((line) => doors.test(line));
    expect(found.filter((line) => !broken.some((path) => line.startsWith(`${path}:`)))).toEqual([]);
  });

  it('are found where only the text of a file shows that they are broken, and nowhere else', () => {
    const found = scratch
      .sources()
      .flatMap(({ path, text }) => findBrokenDoors(path, text).map((door) => ({ path, ...door })));
    for (const [door, path] of texts) expect(found).toContainEqual(expect.objectContaining({ door, path }));
    expect(found.filter(({ path }) => !broken.includes(path))).toEqual([]);
  });
});

interface Rule {
  name: string;
  severity: string;
  comment: string;
  to: { pathNot?: string | string[] };
}

function readRules(): Rule[] {
  // oxlint-disable-next-line typescript/no-require-imports -- the configuration is CommonJS
  const { forbidden } = require('../../.dependency-cruiser.cjs') as { forbidden: Rule[] };
  return forbidden;
}

/** A room of the table, a new one too, imports the first that it may not. */
function violateDirection(rule: string, pathNot: Rule['to']['pathNot']): Violation[] {
  const room = /^(.*)-direction$/.exec(rule)?.[1];
  if (room === undefined) return [];
  const isAllowed = (other: string) => new RegExp(String(pathNot)).test(`src/${other}/index.ts`);
  const other = ['health', 'chat'].find((name) => !isAllowed(name));
  if (other === undefined) throw new Error(`${room} may import everything: prove its direction otherwise.`);
  return [[rule, `src/${room}/wrong-way.ts`, `import '../${other}';`]];
}
