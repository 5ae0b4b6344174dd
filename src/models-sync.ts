import { runModelSyncCommand } from './ai-studio';
import { createApp } from './app';
import { EnvError, loadEnv } from './platform/env';
import { AppError } from './platform/errors';
import { createLogger } from './platform/logging';

/*
 * `npm run models:sync -- --provider openai [--team <id>] [--apply]`: compares the catalogue with a provider's own list
 * in a terminal. It opens the database itself; on the embedded one the server must not run.
 */
async function main(): Promise<number> {
  const env = loadEnv();
  const app = await createApp(
    { ...env, publicUrl: env.publicUrl ?? 'http://localhost', modelSyncCron: undefined, terminal: true },
    createLogger({ logLevel: 'error' }),
  );
  try {
    return await runModelSyncCommand(app, process.argv.slice(2), (text) => process.stdout.write(text));
  } finally {
    await app.close();
  }
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    const known = error instanceof AppError || error instanceof EnvError || error instanceof Error;
    process.stderr.write(`${known ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
