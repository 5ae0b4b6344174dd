import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { runKeysRotateCommand, type KeysRotateNeed } from './ai-studio';
import { createApp } from './app';
import { KeyToolsModule } from './key-tools.module';
import { loadEnv, loadKeyToolEnv } from './platform/env';
import { createLogger, NestLogger } from './platform/logging';

/*
 * `npm run keys:rotate`: wraps data keys anew, in a terminal. It opens the database itself; on the embedded one the
 * server must not run. It starts where production refuses to, since it is what mends that.
 */
async function main(): Promise<number> {
  let app: INestApplicationContext | undefined;
  try {
    return await runKeysRotateCommand(
      process.argv.slice(2),
      (text) => process.stdout.write(text),
      async (need) => (app = await open(need)),
    );
  } finally {
    await app?.close();
  }
}

function open(need: KeysRotateNeed): Promise<INestApplicationContext> {
  const logger = createLogger({ logLevel: 'error' });
  if (need !== 'application')
    return NestFactory.createApplicationContext(KeyToolsModule.register(loadKeyToolEnv(), logger, need), {
      logger: new NestLogger(logger),
      abortOnError: false,
    });
  const env = loadEnv();
  return createApp(
    {
      ...env,
      publicUrl: env.publicUrl ?? 'http://localhost',
      modelSyncCron: undefined,
      production: false,
      terminal: true,
    },
    logger,
  );
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
