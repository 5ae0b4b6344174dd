export { startEmbeddedDatabase, type EmbeddedDatabase } from './embedded-database';
