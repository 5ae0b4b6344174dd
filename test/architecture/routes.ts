import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { RequestMethod, type INestApplication, type Type } from '@nestjs/common';
import { MetadataScanner, ModulesContainer } from '@nestjs/core';
import type { FastifyInstance, RouteOptions } from 'fastify';
import { AppRouterHost } from 'nestjs-trpc';
import { permissionMetadata, permissions, type Permission } from '../../src/identity';

/** A way into the application, and the permission of the table that it declares. */
export interface Door {
  transport: 'rest' | 'trpc';
  /** HTTP method, or the kind of procedure. */
  method: string;
  /** Path of the route, or name of the procedure. */
  path: string;
  permission: Permission | undefined;
}

/** Notes each route of each Fastify instance that starts meanwhile: what the server answers to, whoever added it. */
export async function recordRoutes<T>(
  start: () => Promise<T>,
): Promise<{ result: T; routes: RouteOptions[] }> {
  const routes: RouteOptions[] = [];
  const onStart = (message: unknown) => {
    const { fastify } = message as { fastify: FastifyInstance }; // what Fastify's documentation gives for this channel
    fastify.addHook('onRoute', (route) => void routes.push(route));
  };
  subscribe('fastify.initialization', onStart);
  try {
    return { result: await start(), routes };
  } finally {
    unsubscribe('fastify.initialization', onStart);
  }
}

/** Every door of a running application, apart from the paths that `exceptions` matches. */
export function listDoors(app: INestApplication, routes: RouteOptions[], exceptions: RegExp): Door[] {
  const declared = new Map(
    listHandlers(app).map((handler) => [`${handler.method} ${handler.path}`, handler.permission]),
  );
  const rest = routes
    .filter(({ url }) => !exceptions.test(url))
    .flatMap(({ method, url }) => {
      if (declared.has(`ALL ${url}`))
        return [{ method: 'ALL', path: url, permission: declared.get(`ALL ${url}`) }];
      return [method].flat().map((one) => {
        const key = `${one === 'HEAD' ? 'GET' : one} ${url}`; // Fastify answers HEAD with the handler of GET
        return { method: one, path: url, permission: declared.get(key) };
      });
    });
  return [...rest.map((door) => ({ transport: 'rest' as const, ...door })), ...listProcedures(app)];
}

/** Where a door declares its permission, so that a test can put another in its place. */
export interface Guard {
  /** `PATCH /api/v1/agents/:agentId`, or `mutation aiAgents.update`. */
  door: string;
  permission: Permission;
  replace(permission: Permission): void;
}

export function listGuards(app: INestApplication): Guard[] {
  const ofRoutes = listHandlers(app).map(({ method, path, permission, handler }) => ({
    door: `${method} ${path}`,
    permission,
    replace: (other: Permission) => Reflect.defineMetadata(permissionMetadata, other, handler),
  }));
  const ofProcedures = Object.entries(proceduresOf(app)).map(([path, { _def }]) => ({
    door: `${_def.type} ${path}`,
    permission: toPermission(_def.meta?.permission),
    replace: (other: Permission) => {
      _def.meta = { ..._def.meta, permission: other };
    },
  }));
  return [...ofRoutes, ...ofProcedures].filter((guard): guard is Guard => guard.permission !== undefined);
}

/** The methods of router classes: as many as there are procedures, unless two routers share a name. */
export function countRouterMethods(app: INestApplication): number {
  const routers = [...app.get(ModulesContainer).values()]
    .flatMap(({ providers }) => [...providers.values()])
    .filter(({ metatype }) => typeof metatype === 'function' && isRouter(metatype));
  return routers
    .map(({ metatype }) => methodsOf(metatype as Type).length)
    .reduce((sum, count) => sum + count, 0);
}

function isRouter(type: object): boolean {
  return Reflect.getMetadataKeys(type).some(
    (key) => typeof key === 'symbol' && key.description === 'trpc:router_type',
  );
}

interface Handler {
  method: string;
  path: string;
  permission: Permission | undefined;
  handler: object;
}

function listHandlers(app: INestApplication): Handler[] {
  const controllers = [...app.get(ModulesContainer).values()].flatMap((module) => [
    ...module.controllers.values(),
  ]);
  return controllers.flatMap(({ metatype }) => {
    const type = metatype as Type;
    return methodsOf(type).flatMap((handler): Handler[] => {
      const method: unknown = Reflect.getMetadata('method', handler);
      if (typeof method !== 'number') return [];
      const path = joinPaths(Reflect.getMetadata('path', type), Reflect.getMetadata('path', handler));
      const permission = toPermission(Reflect.getMetadata(permissionMetadata, handler));
      return [{ method: RequestMethod[method] ?? '', path, permission, handler }];
    });
  });
}

function proceduresOf(app: INestApplication): Record<string, Procedure> {
  const { procedures } = app.get(AppRouterHost).appRouter._def as { procedures: Record<string, Procedure> };
  return procedures;
}

function listProcedures(app: INestApplication): Door[] {
  return Object.entries(proceduresOf(app)).map(([path, { _def }]) => ({
    transport: 'trpc',
    method: _def.type,
    path,
    permission: toPermission(_def.meta?.permission),
  }));
}

interface Procedure {
  _def: { type: string; meta?: { permission?: unknown } };
}

function toPermission(value: unknown): Permission | undefined {
  return typeof value === 'string' && Object.hasOwn(permissions, value) ? (value as Permission) : undefined;
}

function methodsOf(type: Type): object[] {
  const prototype = type.prototype as Record<string, object>;
  return new MetadataScanner().getAllMethodNames(prototype).map((name) => prototype[name]!);
}

function joinPaths(...parts: unknown[]): string {
  const segments = parts.flatMap((part) => String(part).split('/')).filter(Boolean);
  return `/${segments.join('/')}`;
}
