export { LOGGER, NestLogger, createLogger, type Logger } from './logger';
export { LoggingModule } from './logging.module';
