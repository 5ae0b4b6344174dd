import { parseArgs } from 'node:util';
import type { INestApplicationContext } from '@nestjs/common';
import { ENV, type KeyToolEnv } from '../../platform/env';
import { AppError } from '../../platform/errors';
import { DataKeyRotation } from './data-key-rotation';
import { KeyRotation, type RotationStatus } from './key-rotation';

const help = `Wraps the data keys of all teams anew under the key-encryption key that seals now.

  npm run keys:rotate [-- --dry-run | --status | --data-keys | --abandon <key> [--yes <count>]]

  --dry-run    says what would be done, and changes nothing
  --status     the same counts, for a check: exit code 2 where something is left
  --data-keys  gives every team a new data key first, and seals its stored keys under that
  --abandon    removes the data keys under a key-encryption key that is lost for ever; what they sealed is lost with it.
               Without --yes and how many they are it only says how many
  --help       this text

It may run beside servers, and be stopped and started again at any time. Before it, give every server the new key; an old
one may be retired once nothing is left under it. The exit code is 0 where nothing is left, 2 where something is that was
not asked to be done, 1 where something could not be done. It needs the database and the key-encryption keys, and for
--data-keys all that a server needs. See docs/keys.md.
`;

/** What a command needs: to read, to change what wraps data keys, or the whole product, which knows what data keys sealed. */
export type KeysRotateNeed = 'read' | 'write' | 'application';

/**
 * The terminal's command. Answers the exit code. Throws what the services throw.
 * @param open called once it is known what is asked for
 */
export async function runKeysRotateCommand(
  args: string[],
  print: (text: string) => void,
  open: (need: KeysRotateNeed) => Promise<INestApplicationContext>,
): Promise<number> {
  const options = parse(args);
  if (options.help) {
    print(help);
    return 0;
  }
  const isAsked = options.status || options['dry-run'];
  const app = await open(options['data-keys'] ? 'application' : isAsked ? 'read' : 'write');
  const rotation = app.get(KeyRotation, { strict: false });
  if (options.abandon !== undefined) return abandon(app, rotation, options.abandon, options.yes, print);
  const before = await rotation.getStatus();
  print(describe(before));
  if (isAsked) {
    const teams = options['data-keys'] ? await app.get(DataKeyRotation, { strict: false }).countDue() : 0;
    if (teams > 0) print(`${teams} teams would get a new data key.\n`);
    return before.left === 0 && teams === 0 ? 0 : 2;
  }
  const problems: string[] = [];
  if (options['data-keys']) problems.push(...(await renew(app, print)));
  const outcome = await rotation.rewrapAll(({ done, failed, left }) =>
    print(`${done} wrapped anew, ${failed} failed, ${left} left\n`),
  );
  problems.push(...outcome.problems);
  for (const problem of problems) print(`${problem}\n`);
  print(
    outcome.left === 0
      ? `Done: ${outcome.done} wrapped anew, nothing is left under another key.\n`
      : `Left under another key: ${outcome.left}. Do not retire it.\n`,
  );
  return outcome.left === 0 && problems.length === 0 ? 0 : 1;
}

/** Answers what was wrong where a team was left as it was. */
async function renew(app: INestApplicationContext, print: (text: string) => void): Promise<string[]> {
  const { problems } = await app
    .get(DataKeyRotation, { strict: false })
    .renewAll(({ teams, secrets }) =>
      print(`${teams} teams have a new data key, ${secrets} secrets are under it\n`),
    );
  return problems;
}

/** What cannot be undone is done only by who has the right keys and says how much it is. */
async function abandon(
  app: INestApplicationContext,
  rotation: KeyRotation,
  kekId: string,
  yes: string | undefined,
  print: (text: string) => void,
): Promise<number> {
  const { databaseUrl, generatedKeyFiles } = app.get<KeyToolEnv>(ENV, { strict: false });
  if (databaseUrl && generatedKeyFiles.some((file) => file.endsWith('ai-studio-kek')))
    throw new AppError(
      'CONFLICT',
      "AI_STUDIO_KEK is not set here, so that every key of this database looks lost. Run this with the servers' own environment.",
    );
  const count = await rotation.countLost(kekId);
  if (yes !== String(count)) {
    print(
      `${count} data keys are under ${kekId}. Nothing was removed. To remove them for ever: --abandon ${kekId} --yes ${count}\n`,
    );
    return 2;
  }
  const removed = await rotation.abandon(kekId);
  print(`Removed data keys: ${removed}. Their teams have to store their keys again.\n`);
  return 0;
}

function describe({ current, use, left }: RotationStatus): string {
  const rows = use.map(
    ({ kekId, kekVersion, count }) =>
      `  ${String(count).padStart(8)}  ${kekId} version ${kekVersion}${kekId === current.kekId && kekVersion === current.kekVersion ? ' (seals now)' : ''}\n`,
  );
  return `Seals now: ${current.kekId} version ${current.kekVersion}\nData keys: ${rows.length === 0 ? 'none' : ''}\n${rows.join('')}Left under another key or version: ${left}\n`;
}

function parse(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        'dry-run': { type: 'boolean', default: false },
        status: { type: 'boolean', default: false },
        'data-keys': { type: 'boolean', default: false },
        abandon: { type: 'string' },
        yes: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    const other = values.status || values['dry-run'] || values['data-keys'];
    if (values.abandon !== undefined && other) throw new Error('--abandon stands alone, or with --yes.');
    return values;
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new AppError('VALIDATION_FAILED', `${problem}\n\n${help}`);
  }
}
