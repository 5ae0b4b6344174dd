import type {
  TrackedEnvelope,
  TRPCBuiltRouter,
  TRPCDefaultErrorShape,
  TRPCMutationProcedure,
  TRPCQueryProcedure,
  TRPCRouterRecord,
  TRPCSubscriptionProcedure,
} from '@trpc/server';
import type { ErrorCode } from '../errors';
import type { TrpcRequestContext } from './trpc-context';

/* How the methods of router classes become the types of tRPC procedures. Types only: nothing of this runs. */

// oxlint-disable-next-line typescript/no-explicit-any -- any method, whatever it takes
type Method = (...parameters: any[]) => unknown;

/** A method's input is its first parameter, unless that is the context. */
type InputOf<M extends Method> =
  Parameters<M> extends [infer First, ...unknown[]]
    ? First extends TrpcRequestContext
      ? void
      : First
    : void;

interface Contract<M extends Method> {
  meta: object;
  input: InputOf<M>;
  output: Awaited<ReturnType<M>>;
}

export type Query<M extends Method> = TRPCQueryProcedure<Contract<M>>;
export type Mutation<M extends Method> = TRPCMutationProcedure<Contract<M>>;
export type Subscription<M extends Method> = TRPCSubscriptionProcedure<
  Omit<Contract<M>, 'output'> & { output: Followed<Contract<M>['output']> }
>;

/** What is yielded as `tracked(id, data)`, a client gets as `{ id, data }`. */
type Followed<Output> =
  Output extends AsyncIterable<TrackedEnvelope<infer Data>>
    ? AsyncIterable<{ id: string; data: Data }>
    : Output;

/** tRPC's error shape with this product's error in `data.error`. */
interface ErrorShape extends TRPCDefaultErrorShape {
  data: TRPCDefaultErrorShape['data'] & {
    error: { code: ErrorCode; message: string; details?: unknown; requestId?: string };
  };
}

export type Router<Procedures extends TRPCRouterRecord> = TRPCBuiltRouter<
  { ctx: object; meta: object; errorShape: ErrorShape; transformer: false },
  Procedures
>;
