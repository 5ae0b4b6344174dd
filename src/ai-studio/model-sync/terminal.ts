import { parseArgs } from 'node:util';
import type { INestApplicationContext } from '@nestjs/common';
import { isUuid } from '@kdx/shared';
import { ENV, type Env } from '../../platform/env';
import { AppError } from '../../platform/errors';
import { isEmpty } from './model-sync-diff';
import { ModelSyncService, type SyncStarter } from './model-sync.service';
import { renderDiff } from './render-diff';

const help = `Compares the model catalogue with a provider's own list of models.

  npm run models:sync -- --provider <id> [--team <team id>] [--apply]

  --provider  openai, anthropic, google, xai, mistral, groq, deepseek, openrouter, ollama, or one of your own
  --team      the team whose key is used; MODEL_SYNC_TEAM where absent; not needed where the list is open
  --apply     applies what is not quarantined; without it nothing changes
  --help      this text

The exit code is 0 where the catalogue is as the provider says or was made so, 2 where there are differences or
something is quarantined.
`;

/** The terminal's command. Answers the exit code. Throws what the service throws. */
export async function runModelSyncCommand(
  app: INestApplicationContext,
  args: string[],
  print: (text: string) => void,
): Promise<number> {
  const options = parse(args);
  if (!options.provider || options.help) {
    print(help);
    return options.help ? 0 : 1;
  }
  const sync = app.get(ModelSyncService, { strict: false });
  const starter: SyncStarter = {
    startedBy: 'terminal',
    teamId: options.team ?? app.get<Env>(ENV).modelSyncTeam,
  };
  const diff = await sync.diff(starter, options.provider, ({ pages = 0, models = 0 }) =>
    print(`read ${models} models on ${pages} ${pages === 1 ? 'page' : 'pages'}\n`),
  );
  if (!diff) throw new Error('Only the schedule gives way to another replica.');
  print(renderDiff(diff));
  if (isEmpty(diff)) return diff.quarantined.length > 0 ? 2 : 0;
  if (!options.apply) {
    print('Nothing was changed. Run it with --apply to apply this, without what is quarantined.\n');
    return 2;
  }
  const run = await sync.apply(starter, options.provider, diff.id);
  print(`Applied: ${JSON.stringify(run.counts)}\n`);
  return 0;
}

function parse(args: string[]) {
  try {
    const { values } = parseArgs({
      args,
      options: {
        provider: { type: 'string' },
        team: { type: 'string' },
        apply: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.team !== undefined && !isUuid(values.team)) throw new Error('--team takes the id of a team.');
    return values;
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new AppError('VALIDATION_FAILED', `${problem}\n\n${help}`);
  }
}
