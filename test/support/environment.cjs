const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { TestEnvironment } = require('jest-environment-node');

/**
 * The code of the embedded database, compiled, for as long as a worker of Jest lives. V8 gives every thread of a process
 * the same compiled code while somebody holds it: each suite's database starts with it, instead of compiling nine megabytes
 * again.
 */
const compiled = process.env.DATABASE_URL
  ? undefined
  : WebAssembly.compile(
      readFileSync(join(__dirname, '../../node_modules/@electric-sql/pglite/dist/pglite.wasm')),
    );

module.exports = class DatabaseCodeEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    await compiled;
  }
};
