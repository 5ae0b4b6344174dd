const { basename } = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');
const { batches } = require('./batches.ts');

const order = Object.keys(batches);
const place = ({ path }) => order.indexOf(basename(path, '.batch.ts'));

/** Begins batches in the order of their table, on a machine that never ran them as on any other. */
module.exports = class BatchSequencer extends Sequencer {
  sort(tests) {
    return [...tests].sort((one, other) => place(one) - place(other));
  }
};
