export { SecretString } from './secret-string';
