import { readKekSettings, type CredentialName, type KekSettings, type SecretSource } from './kek-settings';
import { toSecret, variableReader } from './parse-variable';

/** Reads the variables of `AI_STUDIO_KEK_PROVIDER` and its company. Credentials are read anew at each call. */
export function readKek(source: NodeJS.ProcessEnv, problems: string[]): KekSettings {
  const value = variableReader(source, problems);
  const secret = (name: CredentialName): SecretSource => {
    value(name);
    return () => toSecret(variableReader(source, [])(name));
  };
  return readKekSettings(
    {
      AI_STUDIO_KEK_PROVIDER: value('AI_STUDIO_KEK_PROVIDER'),
      AI_STUDIO_KEK: value('AI_STUDIO_KEK'),
      AWS_KMS_KEYS: value('AWS_KMS_KEYS'),
      AWS_KMS_ENDPOINT: value('AWS_KMS_ENDPOINT'),
      GOOGLE_KMS_KEYS: value('GOOGLE_KMS_KEYS'),
      GOOGLE_KMS_ENDPOINT: value('GOOGLE_KMS_ENDPOINT'),
      GCE_METADATA_HOST: value('GCE_METADATA_HOST'),
      VAULT_TRANSIT_KEYS: value('VAULT_TRANSIT_KEYS'),
      VAULT_TRANSIT_MOUNT: value('VAULT_TRANSIT_MOUNT'),
      VAULT_ADDR: value('VAULT_ADDR'),
      VAULT_NAMESPACE: value('VAULT_NAMESPACE'),
    },
    secret,
    (name) => Boolean(source[name] || source[`${name}_FILE`]),
    problems,
  );
}
