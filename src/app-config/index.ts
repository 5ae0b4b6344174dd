export { AppConfigModule } from './app-config.module';
export { AppConfigService, type EffectiveConfig } from './app-config.service';
export type { AppConfigRouter } from './app-config.router';
