export { ByteBudget } from './byte-budget';
export { ByteBudgets } from './byte-budgets';
export { toClientNetwork, toLimitKey } from './limit-key';
export type { Limiter } from './limiter';
export { Limiters } from './limiters';
export { LimitsModule } from './limits.module';
