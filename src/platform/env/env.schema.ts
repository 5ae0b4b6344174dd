import { Cron } from 'croner';
import { z } from 'zod';
import { findInstructionProblems } from '@kdx/shared';

const host = z
  .string()
  .refine(isHost, 'must be an IP address or a host name, for example 127.0.0.1 or 0.0.0.0');
const port = z.coerce.number().int().min(0).max(65_535);
const milliseconds = z.coerce.number().int().min(0).max(600_000);
const cron = z.string().refine(isCron, 'must be a cron expression, for example 0 4 * * *');
const secret = z.string().min(32, 'must be at least 32 characters');

/**
 * Every environment variable of the product: its parser, its default and its meaning.
 * `docs/configuration.md` is generated from this table; nothing else reads `process.env`.
 */
export const envTable = {
  NODE_ENV: {
    parse: z.enum(['development', 'production', 'test']).default('development'),
    default: '`development`',
    meaning:
      '`production` refuses insecure defaults at start: a generated key ring or session secret, the sandbox.',
  },
  HOST: {
    parse: host.default('127.0.0.1'),
    default: '`127.0.0.1`',
    meaning: 'Address to listen on.',
  },
  PORT: {
    parse: port.default(3000),
    default: '`3000`',
    meaning: 'Port to listen on. `0` picks a free one and prints it.',
  },
  PUBLIC_URL: {
    parse: z.url({ protocol: /^https?$/ }).optional(),
    default: 'from `HOST` and `PORT`',
    meaning: 'The address that users see. Cookies and accepted origins follow it.',
  },
  DATABASE_URL: {
    parse: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
    default: 'unset: embedded database',
    meaning: 'PostgreSQL 15 or newer, for example `postgres://user:password@host:5432/database`.',
  },
  DATA_DIR: {
    parse: z.string().min(1).default('./data'),
    default: '`./data`',
    meaning: 'The embedded database, its lock, and the generated keys.',
  },
  AI_STUDIO_KEK: {
    parse: z.string().min(1).optional(),
    default: 'generated into `DATA_DIR` outside production',
    meaning:
      'Key-encryption key ring, `id:base64[,id:base64…]`, 32 bytes each. The first seals, the others only open. Make one with `npm run keys:generate`.',
  },
  AUTH_SECRET: {
    parse: secret.optional(),
    default: 'generated into `DATA_DIR` outside production',
    meaning: 'Signs sessions. At least 32 characters. A change signs everybody out.',
  },
  AUTH_SIGN_UP: {
    parse: z.enum(['open', 'invite', 'closed']).default('invite'),
    default: '`invite`',
    meaning:
      'Who may sign up after the first account, which becomes the platform admin: anybody, people with a pending invitation, or nobody.',
  },
  EGRESS_ALLOW_HOSTS: {
    parse: z.string().default(''),
    default: 'empty',
    meaning: '`host[:port],…` that provider base URLs may name although they are private or plain http.',
  },
  SANDBOX_PROVIDER: {
    parse: z.enum(['on', 'off']).optional(),
    default: '`on`; `off` when `NODE_ENV=production`',
    meaning: 'The offline `sandbox/echo` model.',
  },
  PLATFORM_RULES: {
    parse: z
      .string()
      .max(20_000, 'must have at most 20000 characters')
      .superRefine(reportProblems)
      .optional(),
    default: 'unset',
    meaning:
      'Rules for every model call of every team, after the built-in ones; nobody can set them aside. A template of `{{teamName}}` and `{{date}}`: see `docs/prompts.md`. `PLATFORM_RULES_FILE` is usually handier.',
  },
  MODEL_CATALOGUE_SEED: {
    parse: z.enum(['on', 'off']).default('on'),
    default: '`on`',
    meaning:
      'Fill the catalogue of a provider that has no models yet from the price list that comes with this version.',
  },
  MODEL_CATALOGUE_FILE: {
    parse: z.string().min(1).optional(),
    default: 'unset',
    meaning:
      'A JSON file with your own names, limits and prices of models, above what providers and the bundled list say. See `docs/model-sync.md`.',
  },
  MODEL_SYNC_CRON: {
    parse: cron.optional(),
    default: 'unset: by hand only',
    meaning: 'When to compare the catalogue with the providers, in UTC: `0 4 * * *` is every day at four.',
  },
  MODEL_SYNC_MODE: {
    parse: z.enum(['diff', 'safe']).default('diff'),
    default: '`diff`',
    meaning: '`diff` only compares; `safe` also applies what nobody has to look at.',
  },
  MODEL_SYNC_TEAM: {
    parse: z.uuid().optional(),
    default: 'unset: only providers whose lists are open',
    meaning: 'Id of the team with whose keys the schedule reads the lists of providers.',
  },
  REDIS_URL: {
    parse: z.url({ protocol: /^rediss?$/ }).optional(),
    default: 'unset',
    meaning: 'Reserved for shared limits and cross-replica stream resume. Parsed, not used yet.',
  },
  METRICS_TOKEN: {
    parse: z.string().min(16).optional(),
    default: 'unset',
    meaning: 'Reserved for the bearer token of `/metrics`. Parsed, not used yet.',
  },
  LOG_LEVEL: {
    parse: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
    default: '`info`',
    meaning: 'Least severe level that is logged.',
  },
  DRAIN_MS: {
    parse: milliseconds.default(25_000),
    default: '`25000`',
    meaning: 'Milliseconds that a stopping server waits for running answers before it ends them.',
  },
} as const;

/** The server's own address has to be a URL with it. */
function isHost(text: string): boolean {
  const origin = `http://${text.includes(':') ? `[${text}]` : text}`;
  return !/[^\w.:-]/.test(text) && URL.canParse(origin);
}

function reportProblems(text: string, context: z.RefinementCtx<string>): void {
  for (const message of findInstructionProblems(text, ['teamName', 'date']))
    context.addIssue({ code: 'custom', message });
}

function isCron(text: string): boolean {
  try {
    return new Cron(text, { paused: true }).nextRun() !== null;
  } catch {
    return false;
  }
}

export type EnvName = keyof typeof envTable;
