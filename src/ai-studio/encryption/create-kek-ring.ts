import { EnvError, keyVariables, type KekProviderKind, type KekSettings } from '../../platform/env';
import { AwsKms } from './aws-kms';
import { GoogleKms } from './google-kms';
import type { KekProvider } from './kek-provider';
import { KekRing } from './kek-ring';
import { KeyRingError, LocalKeyRing, parseKeyRing } from './local-key-ring';
import { VaultTransit } from './vault-transit';

/** Every provider that has keys; the one that is chosen wraps. Throws `EnvError`. Nothing is called yet. */
export function createKekRing(settings: KekSettings): KekRing {
  const { local, awsKms, googleKms, vault } = settings;
  const providers: Record<KekProviderKind, KekProvider | undefined> = {
    local: local && createLocalRing(local.reveal()),
    'aws-kms': awsKms && new AwsKms(awsKms),
    'google-kms': googleKms && new GoogleKms(googleKms),
    vault: vault && new VaultTransit(vault),
  };
  const { [settings.provider]: primary, ...others } = providers;
  if (!primary)
    throw new EnvError([`${keyVariables[settings.provider]} must be set, as the servers have it.`]);
  return new KekRing(
    primary,
    Object.values<KekProvider | undefined>(others).filter((provider) => provider !== undefined),
  );
}

function createLocalRing(text: string): LocalKeyRing {
  try {
    return new LocalKeyRing(parseKeyRing(text));
  } catch (error) {
    if (error instanceof KeyRingError) throw new EnvError([`AI_STUDIO_KEK: ${error.message}`]);
    throw error;
  }
}
