export type { LimitSettings, Rate } from './access-settings';
export { ENV, EnvError, loadEnv, type Env } from './env';
export { EnvModule } from './env.module';
export { envTable } from './env.schema';
export { generateAuthSecret, generateKeyRing } from './generated-keys';
export {
  keyVariables,
  type AwsKmsSettings,
  type GoogleKmsSettings,
  type KekProviderKind,
  type KekSettings,
  type SecretSource,
  type VaultSettings,
} from './kek-settings';
export { loadKeyToolEnv, loadToolEnv, type KeyToolEnv, type ToolEnv } from './tool-env';
