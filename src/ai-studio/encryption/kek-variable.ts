import { keyVariables } from '../../platform/env';

/** The variable that should name a key-encryption key: ids of each provider have a form of their own. */
export function kekVariableOf(kekId: string): string {
  if (kekId.startsWith('arn:')) return keyVariables['aws-kms'];
  if (kekId.startsWith('projects/')) return keyVariables['google-kms'];
  return kekId.includes('/keys/') ? keyVariables.vault : keyVariables.local;
}
