/** The whole run: the suites of `jest.config.cjs`, in the batches of `test/batches`. */
module.exports = {
  ...require('./jest.config.cjs'),
  testMatch: ['<rootDir>/test/batches/*.batch.ts'],
  testSequencer: '<rootDir>/test/batches/sequencer.cjs',
  maxWorkers: 3, // for two cores: suites wait, too
};
