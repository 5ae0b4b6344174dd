import { parseArgs } from 'node:util';
import type { INestApplicationContext } from '@nestjs/common';
import { ENV, type KeyToolEnv } from '../../platform/env';
import { AppError } from '../../platform/errors';
import { DataKeyRotation } from './data-key-rotation';
import { KeyRotation, type RotationStatus } from './key-rotation';
import type { KeyOnServers } from './server-keys';

const help = `Wraps the data keys of all teams anew under the key-encryption key that seals now.

  npm run keys:rotate [-- --dry-run | --status | --data-keys | --abandon <key> [--yes <count>]] [--anyway]

  --dry-run    says what would be done, and changes nothing
  --status     the same counts, for a check: exit code 2 where something is left, or a server still seals under another key
  --data-keys  gives every team a new data key first, and seals its stored keys under that
  --abandon    removes the data keys under a key-encryption key that is lost for ever; what they sealed is lost with it.
               Without --yes and how many they are it only says how many
  --anyway     goes on, and answers, whatever servers have. Without it nothing is wrapped while one is not known to open it,
               and nothing is abandoned while one may have its key. For a server that is gone and still seems to be connected
  --help       this text

It may run beside servers, and be stopped and started again at any time. Before it, give every server the new key and
restart it; an old one may be retired once nothing is left under it and every server seals under the new one. The exit code
is 0 then, 2 where something is left that was not asked to be done or waits for servers, 1 where something could not be done.
It needs the database and the key-encryption keys, and for --data-keys all that a server needs. See docs/keys.md.
`;

type Print = (text: string) => void;
type Options = ReturnType<typeof parse>;

/** What a command needs: to read, to change what wraps data keys, or the whole product, which knows what data keys sealed. */
export type KeysRotateNeed = 'read' | 'write' | 'application';

/**
 * The terminal's command. Answers the exit code. Throws what the services throw.
 * @param open called once it is known what is asked for
 */
export async function runKeysRotateCommand(
  args: string[],
  print: Print,
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
  if (options.abandon !== undefined) return abandon(app, rotation, options.abandon, options, print);
  const before = await rotation.getStatus();
  print(describe(before));
  return isAsked ? answer(app, before, options, print) : rotate(app, before, options, print);
}

/** The exit code of a question. */
async function answer(
  app: INestApplicationContext,
  { left, servers }: RotationStatus,
  options: Options,
  print: Print,
): Promise<number> {
  const teams = options['data-keys'] ? await app.get(DataKeyRotation, { strict: false }).countDue() : 0;
  if (teams > 0) print(`${teams} teams would get a new data key.\n`);
  return left === 0 && teams === 0 && (options.anyway || servers.notSealing === 0) ? 0 : 2;
}

async function rotate(
  app: INestApplicationContext,
  before: RotationStatus,
  { anyway, 'data-keys': dataKeys }: Options,
  print: Print,
): Promise<number> {
  if (anyway && before.servers.notOpening > 0)
    print('ANYWAY: what is wrapped now is unreadable on those servers until they have this key.\n');
  const problems = dataKeys ? await renew(app, anyway, print) : [];
  const outcome = await app.get(KeyRotation, { strict: false }).rewrapAll({
    anyway,
    report: ({ done, failed, left }) => print(`${done} wrapped anew, ${failed} failed, ${left} left\n`),
  });
  problems.push(...outcome.problems);
  for (const problem of problems) print(`${problem}\n`);
  if (outcome.left > 0) print(`Left under another key: ${outcome.left}. Do not retire it.\n`);
  else print(`Done: ${outcome.done} wrapped anew, nothing is left under another key.\n`);
  if (outcome.left > 0 || problems.length > 0) return 1;
  if (outcome.servers.notSealing === 0) return 0;
  print(`Do not retire it yet. ${describeServers(outcome.servers, before.current.kekId)}`);
  return anyway ? 0 : 2;
}

/** Answers what was wrong where a team was left as it was. */
async function renew(app: INestApplicationContext, anyway: boolean, print: Print): Promise<string[]> {
  const { problems } = await app.get(DataKeyRotation, { strict: false }).renewAll({
    anyway,
    report: ({ teams, secrets }) =>
      print(`${teams} teams have a new data key, ${secrets} secrets are under it\n`),
  });
  return problems;
}

/** What cannot be undone is done only by who has the right keys and says how much it is. */
async function abandon(
  app: INestApplicationContext,
  rotation: KeyRotation,
  kekId: string,
  { yes, anyway }: Options,
  print: Print,
): Promise<number> {
  const { databaseUrl, generatedKeyFiles } = app.get<KeyToolEnv>(ENV, { strict: false });
  if (databaseUrl && generatedKeyFiles.some((file) => file.endsWith('ai-studio-kek')))
    throw new AppError(
      'CONFLICT',
      "AI_STUDIO_KEK is not set here, so that every key of this database looks lost. Run this with the servers' own environment.",
    );
  const count = await rotation.countLost(kekId, anyway);
  if (yes !== String(count)) {
    print(
      `${count} data keys are under ${kekId}. Nothing was removed. To remove them for ever: --abandon ${kekId} --yes ${count}\n`,
    );
    return 2;
  }
  if (anyway) print('ANYWAY: no server was asked whether it has this key.\n');
  const removed = await rotation.abandon(kekId, anyway);
  print(`Removed data keys: ${removed}. Their teams have to store their keys again.\n`);
  return 0;
}

function describe({ current, use, left, servers }: RotationStatus): string {
  const rows = use.map(
    ({ kekId, kekVersion, count }) =>
      `  ${String(count).padStart(8)}  ${kekId} version ${kekVersion}${kekId === current.kekId && kekVersion === current.kekVersion ? ' (seals now)' : ''}\n`,
  );
  return `Seals now: ${current.kekId} version ${current.kekVersion}\nData keys: ${rows.length === 0 ? 'none' : ''}\n${rows.join('')}Left under another key or version: ${left}\n${describeServers(servers, current.kekId)}`;
}

function describeServers({ live, notOpening, notSealing }: KeyOnServers, kekId: string): string {
  const counts = [
    `Servers: ${live}.`,
    ...(notOpening > 0 ? [`Not known to open what ${kekId} wraps: ${notOpening}.`] : []),
    ...(notSealing > 0 ? [`Not known to seal under ${kekId}: ${notSealing}.`] : []),
    ...(notSealing > 0 ? ['Put this key first on each of them, and restart it.'] : []),
  ];
  return `${counts.join(' ')}\n`;
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
        anyway: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const other = values.status || values['dry-run'] || values['data-keys'];
    if (values.abandon !== undefined && other)
      throw new Error('--abandon stands alone, or with --yes and --anyway.');
    return values;
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new AppError('VALIDATION_FAILED', `${problem}\n\n${help}`);
  }
}
