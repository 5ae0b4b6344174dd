import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { AppRouterHost } from 'nestjs-trpc';
import { z } from 'zod';
import { buildOpenApiDocument } from '../../../src/api-document';
import { BETTER_AUTH, type BetterAuth } from '../../../src/identity/better-auth/better-auth';
import type { TestApp } from '../../support/app';
import type { Schema } from './schemas';

/** A way into the application, and what it takes. */
export interface Door {
  /** `<method> <path>`, or kind and name of a procedure. */
  name: string;
  kind: 'rest' | 'trpc' | 'auth' | 'page';
  method: string;
  /** With `{names}` where ids stand. */
  path: string;
  /** An object of `params`, `query` and `body`, as far as the door has them. A procedure's input is its `body`. */
  input: Schema;
}

/** What the running application says of its own doors. Plain data: the application may be closed. */
export interface Doors {
  all: Door[];
  /** Schemas that they refer to by name. */
  schemas: Record<string, Schema>;
  document: OpenAPIObject;
}

/** Every operation of the API document, every procedure, every route of Better Auth, and the pages. */
export function readDoors(app: TestApp): Doors {
  const document = buildOpenApiDocument(app.nest);
  const procedures = readProcedures(app);
  const { components } = SwaggerModule.createDocument(app.nest, new DocumentBuilder().build(), {
    extraModels: procedures.flatMap(({ type }) => type ?? []),
  });
  return {
    all: [
      ...readOperations(document),
      ...procedures.map(({ door }) => door),
      ...readAuthRoutes(app),
      ...['/docs/', '/docs/openapi.json'].map((path) => page(path)),
    ],
    schemas: components?.schemas as Record<string, Schema>,
    document,
  };
}

interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  schema: Schema;
}

function readOperations({ paths }: OpenAPIObject): Door[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { parameters = [], requestBody }]): Door => {
      const among = (place: string) =>
        objectOf((parameters as Parameter[]).filter((parameter) => parameter.in === place));
      const body: Schema | undefined = requestBody?.content['application/json']?.schema;
      const input = { params: among('path'), query: among('query'), ...(body ? { body } : {}) };
      return { ...named(method.toUpperCase(), path), kind: 'rest', input: whole(input) };
    }),
  );
}

function objectOf(parameters: Parameter[]): Schema {
  return {
    type: 'object',
    properties: Object.fromEntries(parameters.map(({ name, schema }) => [name, schema])),
    required: parameters.filter(({ required }) => required).map(({ name }) => name),
  };
}

function whole(properties: Record<string, Schema>): Schema {
  return { type: 'object', properties, required: Object.keys(properties) };
}

function named(method: string, path: string): { name: string; method: string; path: string } {
  return { name: `${method} ${path}`, method, path };
}

function page(path: string): Door {
  return { ...named('GET', path), kind: 'page', input: whole({ query: { type: 'object', properties: {} } }) };
}

interface Procedure {
  _def: { type: 'query' | 'mutation' | 'subscription'; inputs: { type?: new () => object }[] };
}

function readProcedures(app: TestApp): { door: Door; type: (new () => object) | undefined }[] {
  const { procedures } = app.nest.get(AppRouterHost).appRouter._def as {
    procedures: Record<string, Procedure>;
  };
  return Object.entries(procedures).map(([name, { _def }]) => {
    const type = _def.inputs[0]?.type;
    const body: Schema = type
      ? { $ref: `#/components/schemas/${type.name}` }
      : { type: 'object', properties: {} };
    const method = _def.type === 'mutation' ? 'POST' : 'GET';
    const door: Door = {
      name: `${_def.type} ${name}`,
      kind: 'trpc',
      method,
      path: `/trpc/${name}`,
      input: whole({ body }),
    };
    return { door, type };
  });
}

interface AuthRoute {
  path?: string;
  options: {
    method: string | string[];
    body?: z.ZodType;
    query?: z.ZodType;
    metadata?: { SERVER_ONLY?: boolean };
  };
}

/** By Better Auth's own list: it answers more routes than the product uses. */
function readAuthRoutes(app: TestApp): Door[] {
  const { api } = app.nest.get<BetterAuth>(BETTER_AUTH, { strict: false });
  return Object.values(api as unknown as Record<string, AuthRoute>).flatMap(({ path, options }) => {
    if (!path || options.metadata?.SERVER_ONLY) return [];
    const params = [...path.matchAll(/:(\w+)/g)].map(([, name = '']): Parameter => ({
      name,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    }));
    const query = options.query ? toSchema(options.query) : { type: 'object', properties: {} };
    return [options.method].flat().map((method): Door => {
      const body: Record<string, Schema> =
        method === 'POST'
          ? { body: options.body ? toSchema(options.body) : { type: 'object', properties: {} } }
          : {};
      return {
        ...named(method, `/api/auth${path.replace(/:(\w+)/g, '{$1}')}`),
        kind: 'auth',
        input: whole({ params: objectOf(params), query, ...body }),
      };
    });
  });
}

function toSchema(type: z.ZodType): Schema {
  return z.toJSONSchema(type, { unrepresentable: 'any', io: 'input' }) as Schema;
}
