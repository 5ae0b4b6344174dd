/** One Jest project; suites are told apart by folder. See CONTRIBUTING.md, "Tests". */
module.exports = {
  rootDir: __dirname,
  testEnvironment: '<rootDir>/test/support/environment.cjs',
  testMatch: ['<rootDir>/{src,libs,test}/**/*.spec.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest'] },
  moduleNameMapper: {
    '^@kdx/shared$': '<rootDir>/libs/shared/src/index.ts',
    '^@better-auth/utils/password$': '<rootDir>/test/support/cheap-passwords.ts',
  },
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/data'],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
  reporters: ['default', '<rootDir>/test/support/summary-reporter.cjs'],
  testTimeout: 30_000,
  maxWorkers: 2,
  // A process that has begun and ended many embedded databases may be ended by V8 (nodejs/node#64500): begin a new one in time.
  workerIdleMemoryLimit: '1500MB',
};
