import { SecretString } from '../secrets';

/** Who can hold the key that wraps data keys. */
export const kekProviderKinds = ['local', 'aws-kms', 'google-kms', 'vault'] as const;
export type KekProviderKind = (typeof kekProviderKinds)[number];

/** Reads a credential anew at each call: one that is mounted as a file may be replaced while the server runs. */
export type SecretSource = () => SecretString | undefined;

/** What `AI_STUDIO_KEK_PROVIDER` and its company say. A provider without keys is absent. */
export interface KekSettings {
  /** The one that wraps. The others that have keys only open what they wrapped. */
  provider: KekProviderKind;
  /** `id:base64[,id:base64…]`, not looked into yet. */
  local?: SecretString | undefined;
  awsKms?: AwsKmsSettings | undefined;
  googleKms?: GoogleKmsSettings | undefined;
  vault?: VaultSettings | undefined;
}

export interface AwsKmsSettings {
  /** ARNs of keys, never of aliases: an alias may point elsewhere tomorrow. The first wraps. */
  keys: string[];
  /** Instead of `https://kms.<region>.amazonaws.com`. */
  endpoint: string | undefined;
  accessKeyId: SecretSource;
  secretAccessKey: SecretSource;
  sessionToken: SecretSource;
}

export interface GoogleKmsSettings {
  /** `projects/…/locations/…/keyRings/…/cryptoKeys/…`. The first wraps. */
  keys: string[];
  endpoint: string;
  /** JSON of a service account's key; without it the metadata server of the machine is asked. */
  credentials: SecretSource;
  /** `host[:port]` of the metadata server. */
  metadataHost: string;
}

export interface VaultSettings {
  /** Names of transit keys. The first wraps. */
  keys: string[];
  address: string;
  mount: string;
  namespace: string | undefined;
  token: SecretSource;
}

/** The variables as they were parsed; `undefined` where they are not set or were refused. */
export interface KekVariables {
  AI_STUDIO_KEK_PROVIDER: KekProviderKind | undefined;
  AI_STUDIO_KEK: string | undefined;
  AWS_KMS_KEYS: string[] | undefined;
  AWS_KMS_ENDPOINT: string | undefined;
  GOOGLE_KMS_KEYS: string[] | undefined;
  GOOGLE_KMS_ENDPOINT: string | undefined;
  GCE_METADATA_HOST: string | undefined;
  VAULT_TRANSIT_KEYS: string[] | undefined;
  VAULT_TRANSIT_MOUNT: string | undefined;
  VAULT_ADDR: string | undefined;
  VAULT_NAMESPACE: string | undefined;
}

/** Names of the variables that each provider cannot do without, beside {@link keyVariables}. */
const needed = {
  'aws-kms': ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
  'google-kms': [],
  vault: ['VAULT_ADDR', 'VAULT_TOKEN'],
} as const;

/** The variable that names a provider's keys, and with it says that the provider is in use. */
export const keyVariables = {
  local: 'AI_STUDIO_KEK',
  'aws-kms': 'AWS_KMS_KEYS',
  'google-kms': 'GOOGLE_KMS_KEYS',
  vault: 'VAULT_TRANSIT_KEYS',
} as const satisfies Record<KekProviderKind, string>;

/**
 * Puts the variables together. Says in `problems` what is missing; of the provider that is chosen and of each that has
 * keys. The local key ring may be absent: outside production one is generated.
 * @param secret gives the source of a credential; `isSet` whether it or its `_FILE` is there
 */
export function readKekSettings(
  variables: KekVariables,
  secret: (name: CredentialName) => SecretSource,
  isSet: (name: string) => boolean,
  problems: string[],
): KekSettings {
  const provider = variables.AI_STUDIO_KEK_PROVIDER ?? 'local';
  for (const kind of ['aws-kms', 'google-kms', 'vault'] as const) {
    const keys = keyVariables[kind];
    if (provider === kind && !isSet(keys))
      problems.push(`${keys} must be set where AI_STUDIO_KEK_PROVIDER is ${kind}.`);
    if (!isSet(keys)) continue;
    for (const name of needed[kind]) if (!isSet(name)) problems.push(`${name} must be set where ${keys} is.`);
  }
  const { AI_STUDIO_KEK: ring, AWS_KMS_KEYS, GOOGLE_KMS_KEYS, VAULT_TRANSIT_KEYS } = variables;
  return {
    provider,
    local: ring ? new SecretString(ring) : undefined,
    awsKms: AWS_KMS_KEYS && {
      keys: AWS_KMS_KEYS,
      endpoint: variables.AWS_KMS_ENDPOINT,
      accessKeyId: secret('AWS_ACCESS_KEY_ID'),
      secretAccessKey: secret('AWS_SECRET_ACCESS_KEY'),
      sessionToken: secret('AWS_SESSION_TOKEN'),
    },
    googleKms: GOOGLE_KMS_KEYS && {
      keys: GOOGLE_KMS_KEYS,
      endpoint: variables.GOOGLE_KMS_ENDPOINT ?? '',
      credentials: secret('GOOGLE_KMS_CREDENTIALS'),
      metadataHost: variables.GCE_METADATA_HOST ?? '',
    },
    vault: VAULT_TRANSIT_KEYS && {
      keys: VAULT_TRANSIT_KEYS,
      address: variables.VAULT_ADDR ?? '',
      mount: variables.VAULT_TRANSIT_MOUNT ?? '',
      namespace: variables.VAULT_NAMESPACE,
      token: secret('VAULT_TOKEN'),
    },
  };
}

export type CredentialName =
  | 'AWS_ACCESS_KEY_ID'
  | 'AWS_SECRET_ACCESS_KEY'
  | 'AWS_SESSION_TOKEN'
  | 'GOOGLE_KMS_CREDENTIALS'
  | 'VAULT_TOKEN';
