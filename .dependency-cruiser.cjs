/*
 * The doors of the house, as rules. `npm run check:boundaries` runs them; test/architecture/boundaries.spec.ts proves
 * that each one bites. What imports cannot show (a global, a silenced rule) is in .oxlintrc.json and in
 * test/architecture/source-doors.ts. A new folder under src/ enters the table below, with a decision in docs/decisions/.
 */

/**
 * The rooms. `imports`: which others a room may import, each by its index.ts; `@kdx/shared` is open to all.
 * `executes`: it runs models, with the AI SDK's `ai`.
 */
const rooms = {
  migrations: { imports: [] },
  platform: { imports: ['migrations'] },
  identity: { imports: ['platform'] },
  'app-config': { imports: ['identity', 'platform'] },
  'ai-studio': { imports: ['app-config', 'identity', 'platform'] },
  chat: { imports: ['ai-studio', 'app-config', 'identity', 'platform'], executes: true },
  health: { imports: ['identity', 'platform'] },
};

const storage = String.raw`\.(repository|entity|entities)\.ts$`;
const test = String.raw`\.(spec|spec-support)\.ts$`;
const anyOf = (names) => `(${names.join('|')})`;
const inPackage = (name) => `(^|/)node_modules/${name}/`;

const executors = Object.keys(rooms).filter((room) => rooms[room].executes);

const directions = Object.entries(rooms).map(([room, { imports }]) => ({
  name: `${room}-direction`,
  comment: imports.length
    ? `Data flows one way: ${room} may import ${imports.join(', ')} and shared. Need something from elsewhere? Turn it round: let the other room import ${room}, or join the two in app.module.ts.`
    : `${room} stands on its own: it imports no room. Move what both need to shared, or let the other room import ${room}.`,
  severity: 'error',
  from: { path: `^src/${room}/` },
  to: { path: '^src/[^/]+/', pathNot: `^src/${anyOf([room, ...imports])}/` },
}));

/** Packages, or Node's own modules, that only one place may import. */
const keepers = [
  {
    name: 'typeorm-in-storage',
    comment:
      'TypeORM belongs to entities, repositories, migrations and platform/database, so that the database is reached through a team transaction only. Put the query into a *.repository.ts and call that.',
    what: { path: inPackage('typeorm') },
    who: [storage, '^src/migrations/', '^src/platform/database/'],
  },
  {
    name: 'driver-in-database',
    comment:
      'A connection of its own has no role and no team: only platform/database opens one (platform/embedded-database is the server that it reaches). Use TeamTransaction in a repository.',
    what: { path: inPackage('(pg|@electric-sql/[^/]+)') },
    who: ['^src/platform/(embedded-)?database/'],
  },
  {
    name: 'redis-in-limits',
    comment:
      'Redis holds counters of limits and nothing else: it may be lost at any time. What has to stay goes into the database; for a limit, inject Limiters.',
    what: { path: inPackage('(ioredis|redis|@redis/[^/]+)') },
    who: ['^src/platform/limits/'],
  },
  {
    name: 'ciphers-in-encryption',
    comment:
      'Home-made cryptography is where secrets leak: only ai-studio/encryption uses node:crypto. Seal and open through EncryptionService; make ids with uuid. Named beside it: the digest that a caller is remembered under, the secrets of API keys and their digests, the digest of what a model was told, the keys that are generated at first start, the hashes and signatures of the audit log, the comparison of secrets, the number of a process, what clients are counted under, and the digest by which a repeated message is known; test/architecture/source-doors.ts keeps ciphers out of these nine.',
    what: { path: '^(crypto|node:crypto)$' },
    who: [
      '^src/ai-studio/encryption/',
      String.raw`^src/identity/callers/caller\.service\.ts$`,
      String.raw`^src/identity/api-keys/api-key-secret\.ts$`,
      String.raw`^src/ai-studio/prompts/fingerprint\.ts$`,
      String.raw`^src/platform/env/generated-keys\.ts$`,
      String.raw`^src/platform/audit/digests\.ts$`,
      String.raw`^src/platform/database/server-session\.ts$`,
      String.raw`^src/platform/limits/limit-key\.ts$`,
      String.raw`^src/chat/streams/send-once\.ts$`,
      String.raw`^src/platform/secrets/secret-string\.ts$`,
    ],
  },
  {
    name: 'provider-sdks-in-providers',
    comment:
      "A provider's package is one row of the registry in ai-studio/providers; everything else works with any model. Add the row there, or use getProviderKind().",
    what: {
      path: inPackage(
        anyOf([
          '@ai-sdk/(?!provider/)[^/]+',
          '@openrouter/[^/]+',
          '[^/]*ai-provider[^/]*',
          'openai',
          '@anthropic-ai/[^/]+',
        ]),
      ),
    },
    who: ['^src/ai-studio/providers/'],
  },
  {
    name: 'provider-protocol-in-execution',
    comment:
      "@ai-sdk/provider is the language of models below the AI SDK: ai-studio/providers and ai-studio/execution speak it. A consumer takes `model` from prepareExecution() and hands it to the AI SDK's `ai`.",
    what: { path: inPackage('@ai-sdk/provider') },
    who: ['^src/ai-studio/(providers|execution)/'],
  },
  {
    name: 'models-run-in-executors',
    comment: `Only an executor (${executors.join(', ')}) runs models; in AI Studio, execution prepares them and providers make them. Ask AiStudioService.prepareExecution() from an executor; a room becomes one by \`executes: true\` in the table above.`,
    what: { path: inPackage('ai') },
    who: [`^src/${anyOf(executors)}/`, '^src/ai-studio/(execution|providers)/'],
  },
  {
    name: 'http-out-in-egress',
    comment:
      'Every call that leaves the process goes through EgressGuard, which refuses private addresses: base URLs are set by users. Inject EgressGuard and use its fetch. free-port.ts only listens.',
    what: {
      path: [
        inPackage(anyOf(['undici', 'axios', 'got', 'ky', 'node-fetch', 'cross-fetch', 'superagent', 'ws'])),
        '^(node:)?(http|https|http2|net|tls|dgram|dns|dns/promises)$',
      ],
      dependencyTypesNot: ['type-only'],
    },
    who: ['^src/platform/egress/', String.raw`^src/free-port\.ts$`],
  },
  {
    name: 'prometheus-in-metrics',
    comment:
      'Rooms count with what platform/metrics gives them, so that all metrics are in one registry and none has a label that names a team. Inject Metrics.',
    what: { path: inPackage('prom-client') },
    who: ['^src/platform/metrics/'],
  },
  {
    name: 'better-auth-in-identity',
    comment:
      "Better Auth is an implementation of identity/better-auth. Ask identity's face who is calling: CurrentCaller, RequirePermission, toScope.",
    what: { path: inPackage('(better-auth|@better-auth/[^/]+)') },
    who: ['^src/identity/better-auth/'],
  },
].map(({ name, comment, what, who }) => ({
  name,
  comment,
  severity: 'error',
  from: { path: '^(src|libs)/', pathNot: who },
  to: what,
}));

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment:
        'Files that import each other cannot be read, tested or moved one at a time. Take what both need out into a file below them.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'room-by-its-face',
      comment:
        "A room is reached by its index.ts; the rest is its own business. Import from '../<room>'. If the face lacks what you need, ask whether the room should offer it at all, and add it to its index.ts by hand.",
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: { path: '^src/[^/]+/', pathNot: ['^src/$1/', String.raw`^src/(platform/)?[^/]+/index\.ts$`] },
    },
    {
      name: 'app-files-by-face',
      comment: "main, app, server and their like join rooms by their index.ts. Import from './<room>'.",
      severity: 'error',
      from: { path: String.raw`^src/[^/]+\.ts$` },
      to: { path: '^src/[^/]+/', pathNot: String.raw`^src/(platform/)?[^/]+/index\.ts$` },
    },
    {
      name: 'platform-part-by-its-face',
      comment: "Each folder of platform is a room with an index.ts. Import from '../<folder>'.",
      severity: 'error',
      from: { path: '^src/platform/([^/]+)/' },
      to: {
        path: '^src/platform/[^/]+/',
        pathNot: ['^src/platform/$1/', String.raw`^src/platform/[^/]+/index\.ts$`],
      },
    },
    {
      name: 'shared-by-its-face',
      comment: "Import from '@kdx/shared': a consumer outside this repository sees nothing else.",
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^libs/shared/', pathNot: String.raw`^libs/shared/src/index\.ts$` },
    },
    {
      name: 'shared-is-pure',
      comment:
        'Shared runs in Node and in a browser: it imports zod and its own files. Move what needs more to the room that needs it.',
      severity: 'error',
      from: { path: '^libs/shared/' },
      to: { pathNot: ['^libs/shared/', inPackage('zod')] },
    },
    ...directions,
    {
      name: 'room-in-the-table',
      comment:
        'This folder is no room yet. Enter it into the table of .dependency-cruiser.cjs, with the rooms that it may import and whether it executes, and write the decision down in docs/decisions/.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: `^src/${anyOf(Object.keys(rooms))}/` },
      to: {},
    },
    {
      name: 'nobody-imports-app-files',
      comment:
        'main, app, server and their like stand above the rooms. Move what a room needs from them into that room or platform.',
      severity: 'error',
      from: { path: '^(src|libs)/[^/]+/' },
      to: { path: String.raw`^src/[^/]+\.ts$` },
    },
    ...keepers,
    {
      name: 'database-in-repositories',
      comment:
        'Only a repository opens a transaction or sees the pool; a service that could would pass row-level security by. Put the statement into a *.repository.ts. Named beside repositories: Better Auth brings its own queries, health asks whether the database answers, serving.ts whether anybody has signed up, app.module.ts takes the module, and the commands of the terminal open it.',
      severity: 'error',
      from: {
        path: '^src/',
        pathNot: [
          String.raw`\.repository\.ts$`,
          '^src/platform/',
          '^src/identity/better-auth/',
          String.raw`^src/identity/identity\.module\.ts$`,
          String.raw`^src/health/health\.controller\.ts$`,
          String.raw`^src/(app\.module|serving|audit-verify|key-tools\.module)\.ts$`,
        ],
      },
      to: { path: '^src/platform/database/' },
    },
    {
      name: 'doors-see-no-storage',
      comment:
        'Controllers and routers are routes, permissions and delegation: they never see a repository or an entity. Call a service, and answer a view class.',
      severity: 'error',
      from: { path: String.raw`\.(controller|router)\.ts$` },
      to: { path: storage },
    },
    {
      name: 'faces-show-no-storage',
      comment:
        "A room's repositories and entities stay inside: whoever has one passes the room's rules by. Export a service that says what others may ask.",
      severity: 'error',
      from: { path: String.raw`^src/(platform/)?[^/]+/index\.ts$` },
      to: { path: storage },
    },
    {
      name: 'encryption-by-its-service',
      comment:
        'Data keys and sealed blobs are handled in one place. Inject EncryptionService and call seal() or open().',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/ai-studio/encryption/' },
      to: {
        path: '^src/ai-studio/encryption/',
        pathNot: String.raw`^src/ai-studio/encryption/encryption\.(service|module)\.ts$`,
      },
    },
    {
      name: 'no-tests-in-the-product',
      comment:
        'What runs for customers imports no test and no support of one. Move what both need out of the test.',
      severity: 'error',
      from: { path: '^(src|libs)/', pathNot: test },
      to: { path: [test, '^test/'] },
    },
    {
      name: 'no-development-packages',
      comment:
        'Development packages are not installed where the product runs. Move the package to "dependencies".',
      severity: 'error',
      from: { path: '^(src|libs)/', pathNot: test },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-declared-packages',
      comment:
        'A package that only another package brings may vanish with the next update. Add it to package.json, or do without.',
      severity: 'error',
      from: { path: '^(src|libs)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'deprecated'] },
    },
    {
      name: 'no-unresolvable',
      comment: 'The import leads nowhere: check the path, or install the package.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
