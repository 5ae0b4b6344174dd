export { TrpcContext, type TrpcRequestContext } from './trpc-context';
export { TrpcErrorHandler } from './trpc-error-handler';
