import type { OpenAPIObject } from '@nestjs/swagger';
import Ajv, { type ValidateFunction } from 'ajv';
import type { RawAnswer } from '../../support/raw-http';
import type { Door } from './doors';
import { parse } from './json';

type Json = Record<string, unknown>;

/** Says how an answer differs from what the API document says of its door; `undefined` where it does not. */
export type DocumentCheck = (door: Door, answer: RawAnswer) => string | undefined;

/** Statuses, media types and bodies, to the last field: one that is not described is a difference too. */
export function createDocumentCheck({ paths, components }: OpenAPIObject): DocumentCheck {
  const ajv = new Ajv({
    strict: false,
    allErrors: true,
    formats: { uuid: /^[0-9a-f-]{36}$/, 'date-time': (text: string) => !Number.isNaN(Date.parse(text)) },
  });
  const schemas = (components?.schemas ?? {}) as Record<string, Json>;
  ajv.addSchema({ $id: 'document', components: { schemas: mapValues(schemas, toJsonSchema) } });
  const compiled = new Map<object, ValidateFunction>();
  return ({ path, method }, { status, headers, text }) => {
    const operation = (
      paths[path] as Record<
        string,
        { responses: Record<string, { content?: Record<string, { schema?: Json }> }> }
      >
    )[method.toLowerCase()];
    const response = operation?.responses[status];
    if (!response) return `${status} is not declared (${parse(text)?.error?.code})`;
    if (!response.content) return text === '' ? undefined : `${status} has a body that is not declared`;
    const type = headers.get('content-type')?.split(';')[0] ?? '';
    const media = response.content[type];
    if (!media) return `${status} with ${type} is not declared`;
    if (!media.schema || type !== 'application/json') return undefined;
    const validate = compiled.get(media.schema) ?? ajv.compile(toJsonSchema(media.schema) as Json);
    compiled.set(media.schema, validate);
    if (validate(parse(text))) return undefined;
    return `${status}: ${validate.errors
      ?.slice(0, 3)
      .map(({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`)
      .join('; ')}`;
  };
}

function mapValues(object: Record<string, unknown>, change: (value: unknown) => unknown): Json {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}

/** OpenAPI 3.0 says `nullable` where JSON Schema says `null`; and what it does not forbid we do. */
function toJsonSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(toJsonSchema);
  if (typeof schema !== 'object' || schema === null) return schema;
  const { nullable, example: _, description: __, $ref, ...rest } = schema as Json;
  const own = $ref ? { $ref: `document${$ref as string}` } : mapValues(rest, toJsonSchema);
  if ('properties' in own) {
    own.properties = mapValues(rest.properties as Json, toJsonSchema);
    own.additionalProperties ??= false;
  }
  return nullable ? { anyOf: [own, { type: 'null' }] } : own;
}
