/** The whole run: the suites of `jest.config.cjs`, in the batches of `test/batches`. */
module.exports = {
  ...require('./jest.config.cjs'),
  testMatch: ['<rootDir>/test/batches/*.batch.ts'],
};
