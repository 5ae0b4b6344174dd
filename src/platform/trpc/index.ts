export { BatchLimitMiddleware } from './batch-limit.middleware';
export { completeRefusal } from './complete-refusal';
export type { Mutation, Query, Router, Subscription } from './router-types';
export { TrpcContext, type TrpcRequestContext } from './trpc-context';
export { TrpcErrorHandler } from './trpc-error-handler';
