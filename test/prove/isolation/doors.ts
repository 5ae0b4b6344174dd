import type { RouteOptions } from 'fastify';
import { BETTER_AUTH, type BetterAuth } from '../../../src/identity/better-auth/better-auth';
import { listDoors } from '../../architecture/routes';
import type { TestApp } from '../../support/app';

/** The API document for people, and the routes behind which tRPC's procedures and Better Auth's endpoints are. */
const behind = /^\/(docs|trpc)(\/|$)|^\/api\/auth\//;

/** Every way into the running application: REST routes, tRPC procedures, endpoints of Better Auth. */
export function listAllDoors(app: TestApp, routes: RouteOptions[]): string[] {
  const own = listDoors(app.nest, routes, behind)
    .filter(({ method }) => method !== 'HEAD') // answered by the handler of GET
    .map(({ method, path }) => `${method} ${path}`);
  const { api } = app.nest.get<BetterAuth>(BETTER_AUTH);
  const endpoints = Object.values(api as Record<string, Endpoint>).flatMap(({ path, options }) =>
    path === undefined ? [] : [options.method].flat().map((method) => `${method} /api/auth${path}`),
  );
  return [...new Set([...own, ...endpoints])].toSorted();
}

/** Without a path, it is none for clients. */
interface Endpoint {
  path?: string;
  options: { method: string | string[] };
}
