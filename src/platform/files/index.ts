export { makeDirectory } from './make-directory';
