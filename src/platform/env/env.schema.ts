import { Cron } from 'croner';
import { z } from 'zod';
import { findInstructionProblems } from '@kdx/shared';
import { accessVariables } from './access-settings';
import { kekProviderKinds } from './kek-settings';

const host = z
  .string()
  .refine(isHost, 'must be an IP address or a host name, for example 127.0.0.1 or 0.0.0.0');
const port = z.coerce.number().int().min(0).max(65_535);
const milliseconds = z.coerce.number().int().min(0).max(600_000);
const cron = z.string().refine(isCron, 'must be a cron expression, for example 0 4 * * *');
const secret = z.string().min(32, 'must be at least 32 characters');
const credential = z.string().min(1).optional();
const keyService = z
  .string()
  .refine(isKeyService, 'must be an https address without a path, or http on this machine')
  .transform((text) => text.replace(/\/+$/, ''));

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
    meaning:
      'PostgreSQL 15 or newer, for example `postgres://user:password@host:5432/database`. Over a network add `?sslmode=verify-full`, and `&sslrootcert=/path/to/ca.pem` where its certificate is signed by an authority of your own.',
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
      'Key-encryption key ring, `id:base64[,id:base64…]`, 32 bytes each. The first seals, the others only open. Make one with `npm run keys:generate`. Not needed beside a key service.',
  },
  AI_STUDIO_KEK_PROVIDER: {
    parse: z.enum(kekProviderKinds).default('local'),
    default: '`local`',
    meaning:
      'Who holds the key-encryption key: `local` (`AI_STUDIO_KEK`), `aws-kms`, `google-kms` or `vault` (OpenBao too). Any other whose keys are set below, or `AI_STUDIO_KEK`, still opens what it sealed. See `docs/keys.md`.',
  },
  AWS_KMS_KEYS: {
    parse: keyList(
      /^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key\/[A-Za-z0-9-]+$/,
      'must be ARNs of KMS keys (not of aliases), separated by commas',
    ),
    default: 'unset',
    meaning:
      'ARNs of AWS KMS keys, separated by commas. The first seals, the others only open. The region is that of the ARN.',
  },
  AWS_KMS_ENDPOINT: {
    parse: keyService.optional(),
    default: '`https://kms.<region>.amazonaws.com`',
    meaning: 'Another address of AWS KMS, such as a VPC endpoint.',
  },
  AWS_ACCESS_KEY_ID: {
    parse: credential,
    default: 'unset',
    meaning:
      'Credentials for AWS KMS, with `AWS_SECRET_ACCESS_KEY`. A file that `_FILE` names is read anew at each call: for all credentials of key services.',
  },
  AWS_SECRET_ACCESS_KEY: { parse: credential, default: 'unset', meaning: 'See `AWS_ACCESS_KEY_ID`.' },
  AWS_SESSION_TOKEN: {
    parse: credential,
    default: 'unset',
    meaning: 'The third part of temporary AWS credentials.',
  },
  GOOGLE_KMS_KEYS: {
    parse: keyList(
      /^projects\/[\w.:-]+\/locations\/[\w-]+\/keyRings\/[\w-]+\/cryptoKeys\/[\w-]+$/,
      'must be `projects/…/locations/…/keyRings/…/cryptoKeys/…`, separated by commas',
    ),
    default: 'unset',
    meaning:
      'Resource names of Google Cloud KMS keys, separated by commas. The first seals, the others only open.',
  },
  GOOGLE_KMS_CREDENTIALS: {
    parse: credential,
    default: 'the metadata server of the machine',
    meaning:
      "JSON of a service account's key for Google Cloud KMS. `GOOGLE_KMS_CREDENTIALS_FILE` is handier.",
  },
  GOOGLE_KMS_ENDPOINT: {
    parse: keyService.default('https://cloudkms.googleapis.com'),
    default: '`https://cloudkms.googleapis.com`',
    meaning: 'Another address of Google Cloud KMS.',
  },
  GCE_METADATA_HOST: {
    parse: z
      .string()
      .regex(/^[\w.-]+(:\d{1,5})?$/, 'must be a host name, with a port if need be')
      .default('metadata.google.internal'),
    default: '`metadata.google.internal`',
    meaning: 'The metadata server that gives the token for Google Cloud KMS.',
  },
  VAULT_TRANSIT_KEYS: {
    parse: keyList(/^[A-Za-z0-9_.-]{1,64}$/, 'must be names of transit keys, separated by commas'),
    default: 'unset',
    meaning:
      'Names of transit keys (`aes256-gcm96`) in Vault or OpenBao, separated by commas. The first seals, the others only open.',
  },
  VAULT_TRANSIT_MOUNT: {
    parse: z
      .string()
      .regex(/^[\w-]+(\/[\w-]+)*$/, 'must be the path of a secrets engine')
      .default('transit'),
    default: '`transit`',
    meaning: 'Where the transit engine is mounted.',
  },
  VAULT_ADDR: {
    parse: keyService.optional(),
    default: 'unset',
    meaning: 'Address of Vault or OpenBao, for example `https://vault.example.com:8200`.',
  },
  VAULT_TOKEN: {
    parse: credential,
    default: 'unset',
    meaning: 'Token for it. `VAULT_TOKEN_FILE` may name the file that an agent keeps fresh.',
  },
  VAULT_NAMESPACE: {
    parse: z
      .string()
      .regex(/^[\w./-]+$/, 'must be the path of a namespace')
      .optional(),
    default: 'unset',
    meaning: 'Namespace of Vault, where it has any.',
  },
  AUTH_SECRET: {
    parse: secret.optional(),
    default: 'generated into `DATA_DIR` outside production',
    meaning: 'Signs sessions. At least 32 characters. A change signs everybody out.',
  },
  AUDIT_KEY: {
    parse: secret.optional(),
    default: 'generated into `DATA_DIR` outside production',
    meaning:
      'Signs the anchors of the audit log. At least 32 characters. In production without it there are no anchors. See `docs/audit.md`.',
  },
  AUDIT_ANCHOR_FILE: {
    parse: z.string().min(1).optional(),
    default: '`audit-anchors.jsonl` in `DATA_DIR`',
    meaning:
      'The file that anchors of the audit log are added to. Keep copies where the server cannot write.',
  },
  AUTH_SIGN_UP: {
    parse: z.enum(['open', 'invite', 'closed']).default('invite'),
    default: '`invite`',
    meaning:
      'Who may sign up after the first account, which becomes the platform admin: anybody (`open`), people with a pending invitation (`invite`), or nobody (`closed`).',
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
    meaning:
      'Redis in which replicas share their rate limits. Without it, or while it does not answer, each replica counts for itself.',
  },
  ...accessVariables,
  METRICS_TOKEN: {
    parse: z.string().min(16, 'must be at least 16 characters').optional(),
    default: 'unset: no `/metrics`',
    meaning: 'Bearer token for `GET /metrics`. See `docs/operations.md`.',
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

/** One or more names, none of them twice; the first is the one that seals. */
function keyList(name: RegExp, problem: string) {
  return z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .refine((names) => names.every((one) => name.test(one)), problem)
    .refine((names) => new Set(names).size === names.length, 'must not name a key twice')
    .optional();
}

/** The operator's own services: https, or plain on the loopback interface, where an agent may listen. */
function isKeyService(text: string): boolean {
  const url = URL.parse(text);
  if (!url || url.username || url.password || url.search || url.hash || url.pathname !== '/') return false;
  return (
    url.protocol === 'https:' ||
    (url.protocol === 'http:' && /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname))
  );
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
