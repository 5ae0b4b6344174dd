import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants';
import { RequestMethod } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';
import { permissions, type Permission } from '../../src/identity';
import { errorCodes } from '../../src/platform/errors';
import { mayAnswerExtension } from '../../src/platform/http';
import { startTestApp, type TestApp } from '../support/app';
import { Client } from '../support/client';

type RequiredRole = (typeof permissions)[Permission];

interface Schema {
  $ref?: string;
  type?: string;
  enum?: unknown[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  allOf?: Schema[];
}

interface Operation {
  operationId?: string;
  summary?: string;
  tags?: string[];
  security?: Record<string, string[]>[];
  'x-permission'?: Permission;
  parameters?: { name: string; in: string; required?: boolean; schema?: Schema }[];
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema }> };
  responses?: Record<string, { description?: string; content?: Record<string, { schema: Schema }> }>;
}

describe('the API document', () => {
  let app: TestApp;
  let document: {
    openapi: string;
    info: { title: string; version: string };
    paths: Record<string, Record<string, Operation>>;
    components: {
      schemas: Record<string, Schema>;
      securitySchemes: Record<string, object>;
    };
  };
  let operations: [string, Operation][];

  beforeAll(async () => {
    app = await startTestApp();
    document = (await new Client(app.url).get('/docs/openapi.json')).body;
    operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]): [string, Operation] => [
        `${method.toUpperCase()} ${path}`,
        operation,
      ]),
    );
  });

  afterAll(() => app.close());

  it('is OpenAPI 3 and open to everybody', () => {
    expect(document.openapi).toMatch(/^3\.\d\.\d$/);
    expect(document.info).toMatchObject({ title: 'AI Studio', version: expect.any(String) });
    expect(document.components.securitySchemes).toMatchObject({
      bearer: { type: 'http', scheme: 'bearer' },
      apiKey: { type: 'http', scheme: 'bearer' },
      cookie: { type: 'apiKey', in: 'cookie' },
    });
  });

  it('says of every route which permission it needs, and which credentials can have it', () => {
    for (const [route, operation] of operations) {
      const permission = operation['x-permission']!;
      expect(`${route}: ${permission in permissions}`).toBe(`${route}: true`);
      const role: RequiredRole = permissions[permission];
      const schemes = (operation.security ?? []).flatMap((scheme) => Object.keys(scheme));
      const expected = { public: [], platformAdmin: ['bearer', 'cookie'] };
      expect({ route, schemes }).toEqual({
        route,
        schemes: role in expected ? expected[role as 'public'] : ['bearer', 'cookie', 'apiKey'],
      });
    }
  });

  it('says of every route what may go wrong, in one form whose list of codes is closed', () => {
    const { error } = document.components.schemas.ErrorView!.properties!;
    expect(error!.$ref ?? error!.allOf?.[0]?.$ref).toBe('#/components/schemas/ErrorBodyView');
    expect(document.components.schemas.ErrorBodyView!.properties!.code!.enum).toEqual([...errorCodes]);
    for (const [route, { responses = {}, ...operation }] of operations) {
      const refusals = Object.entries(responses).filter(([status]) => Number(status) >= 400);
      for (const [, { content, description }] of refusals) {
        expect(content?.['application/json']?.schema.$ref).toBe('#/components/schemas/ErrorView');
        expect(description).toMatch(/^`[A-Z_]+`: ./);
      }
      const isOpen = operation.security?.length === 0;
      const statuses = refusals.map(([status]) => status);
      const least = isOpen ? ['500'] : ['400', '401', '403', '404', '429', '500', '503'];
      expect({ route, statuses }).toEqual({ route, statuses: expect.arrayContaining(least) });
    }
    const send = document.paths['/api/v1/chat/sessions/{sessionId}/messages']!.post!;
    expect(send.responses!['502']!.description).toContain('PROVIDER_FAILED');
    expect(send.responses!['409']!.description).toContain('TOKEN_MISSING');
    expect(JSON.stringify(document)).not.toContain(mayAnswerExtension);
  });

  it('lists every route that the application serves, and no other', () => {
    const served = listRoutes(app).filter((route) => !route.endsWith(' /api/auth/*')); // Better Auth documents its own
    expect(operations.map(([route]) => route).toSorted()).toEqual(served.toSorted());
    expect(served.length).toBeGreaterThan(35);
  });

  it('says of every route what it does, under a heading, and no two the same', () => {
    for (const [route, { summary, tags, operationId }] of operations) {
      expect(`${route}: ${summary}`).toMatch(/: [A-Z].{6,}/);
      expect(tags).toHaveLength(1);
      expect(operationId).toBeTruthy();
    }
    expect(new Set(operations.map(([, { operationId }]) => operationId)).size).toBe(operations.length);
  });

  it('declares each parameter of a path, and none that is not there', () => {
    for (const [route, { parameters = [] }] of operations) {
      const inPath = [...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = parameters.filter((parameter) => parameter.in === 'path');
      expect(declared.map(({ name }) => name)).toEqual(inPath);
      expect(declared.every(({ required }) => required)).toBe(true);
      for (const parameter of parameters) expect(parameter.schema).toBeDefined();
      expect(new Set(parameters.map((parameter) => `${parameter.in} ${parameter.name}`)).size).toBe(
        parameters.length,
      );
    }
  });

  it('says what each route takes and answers, in schemas that it has', () => {
    const withoutAnswer: string[] = [];
    for (const [route, { requestBody, responses = {} }] of operations) {
      const [success] = Object.keys(responses).filter((status) => status.startsWith('2'));
      const content = Object.values(responses[success ?? '']?.content ?? {});
      if (success !== '204' && content.length === 0) withoutAnswer.push(route);
      for (const { schema } of [...content, ...Object.values(requestBody?.content ?? {})])
        expectSound(schema, route);
      for (const { description } of Object.values(responses)) expect(description).toBeDefined();
      if (/^(GET|DELETE) /.test(route)) expect(requestBody).toBeUndefined();
    }
    expect(withoutAnswer).toEqual([]);
  });

  it('has no schema that names a field it does not describe', () => {
    for (const [name, schema] of Object.entries(document.components.schemas)) expectSound(schema, name);
  });

  it('shows itself in a page that loads nothing from elsewhere', async () => {
    const client = new Client(app.url);
    const page = await client.get('/docs');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toContain('text/html');
    const html = (await client.get('/docs/')).text;
    expect(html).not.toMatch(/(?:src|href|action|url\()\s*=?\s*["']?(?:https?:)?\/\//i);
    expect(html).not.toMatch(/https?:\/\//);
    expect(html).not.toMatch(/<script>|<script (?!src=)|style=|\son\w+=/);
    const start = (await client.get('/docs/start.js')).text;
    for (const feature of ['withDefaultFonts', 'telemetry']) expect(start).toContain(`"${feature}": false`);

    const sources = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, source]) => source!);
    expect(sources).toEqual(['/docs/js/scalar.js', '/docs/start.js']);
    for (const source of sources) {
      const script = await client.get(new URL(source, `${app.url}/docs/`).pathname);
      expect(script.status).toBe(200);
      const loads =
        /@import\s+(?:url\()?["']?https?:|fonts\.(?:googleapis|gstatic)\.com|cdn\.(?:jsdelivr\.net|skypack\.dev)|unpkg\.com/.exec(
          script.text,
        );
      expect(loads?.[0]).toBeUndefined();
    }
  });

  it('lets the page speak to nobody else and run no script but ours, whatever the program in it tries', async () => {
    for (const path of ['/docs', '/docs/']) {
      const policy = (await new Client(app.url).get(path)).headers.get('content-security-policy') ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self';");
      expect(policy).not.toMatch(/https?:|\*|unsafe-eval/);
    }
  });

  it('shows no secret and no address of the machine', async () => {
    const text = JSON.stringify(document);
    expect(text).not.toContain(app.env.authSecret.reveal());
    expect(text).not.toContain(app.env.dataDir);
  });

  /** Every reference leads somewhere, every required field is described, every list says of what. */
  function expectSound(schema: Schema, where: string): void {
    if (schema.$ref) {
      const name = /^#\/components\/schemas\/(\w+)$/.exec(schema.$ref)?.[1] ?? '';
      expect(`${where} ${schema.$ref} ${name in document.components.schemas}`).toBe(
        `${where} ${schema.$ref} true`,
      );
      return;
    }
    for (const part of schema.allOf ?? []) expectSound(part, where);
    if (schema.type === 'array') expectSound(schema.items!, where);
    const properties = Object.entries(schema.properties ?? {});
    for (const name of schema.required ?? [])
      expect(properties.map(([property]) => property)).toContain(name);
    for (const [name, property] of properties) {
      expect(`${where}.${name} ${JSON.stringify(property)}`).toMatch(/"(?:type|\$ref|enum|allOf)"/);
      expectSound(property, `${where}.${name}`);
    }
  }
});

/** The routes of the controllers, read from what Nest itself routes by. */
function listRoutes(app: TestApp): string[] {
  return [...app.nest.get(ModulesContainer).values()].flatMap((module) =>
    [...module.controllers.values()].flatMap(({ metatype }) => {
      const base = Reflect.getMetadata(PATH_METADATA, metatype!) as string;
      const prototype = metatype!.prototype as Record<string, object>;
      return Object.getOwnPropertyNames(prototype)
        .filter((name) => name !== 'constructor' && Reflect.hasMetadata(METHOD_METADATA, prototype[name]!))
        .map((name) => {
          const method = RequestMethod[Reflect.getMetadata(METHOD_METADATA, prototype[name]!) as number];
          const path = Reflect.getMetadata(PATH_METADATA, prototype[name]!) as string;
          return `${method} /${base}/${path}`
            .replace(/\/+/g, '/')
            .replace(/\/$/, '')
            .replace(/:(\w+)/g, '{$1}');
        });
    }),
  );
}
