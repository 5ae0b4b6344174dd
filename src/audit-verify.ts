import { runAuditVerifyCommand } from './ai-studio';
import { AuditVerifier } from './platform/audit';
import { Database } from './platform/database';
import { loadToolEnv } from './platform/env';

/*
 * `npm run audit:verify [-- --team <id>]`: verifies the audit log in a terminal. It opens the database to read, and
 * nothing else of the product; on the embedded one the server must not run.
 */
async function main(): Promise<number> {
  let database: Database | undefined;
  try {
    return await runAuditVerifyCommand(
      process.argv.slice(2),
      (text) => process.stdout.write(text),
      async () => {
        const env = loadToolEnv();
        database = await Database.openAsItIs(env, 'read');
        return AuditVerifier.on(database, env);
      },
    );
  } finally {
    await database?.close();
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
