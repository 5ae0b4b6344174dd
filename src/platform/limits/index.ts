export { ByteBudget } from './byte-budget';
export { toClientNetwork, toLimitKey } from './limit-key';
export type { Limiter } from './limiter';
export { Limiters } from './limiters';
export { LimitsModule } from './limits.module';
