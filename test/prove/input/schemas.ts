import * as fc from 'fast-check';

/** As much of JSON Schema as the document, the DTO classes and Better Auth's routes use. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  enum?: unknown[];
  const?: unknown;
  nullable?: boolean;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
}

/** Named schemas, and values for fields of which the schema does not say enough: by `<door> <field>` or by field. */
export interface Vocabulary {
  schemas: Record<string, Schema>;
  fields: Record<string, fc.Arbitrary<unknown>>;
}

/** A place in an input: names and indexes from the outermost value. */
export interface Place {
  path: string[];
  schema: Schema;
}

/** Follows references; parts of `allOf` are taken together. */
function resolve(schema: Schema, { schemas }: Vocabulary): Schema {
  const name = schema.$ref?.split('/').at(-1);
  if (name) return resolve(schemas[name] ?? {}, { schemas, fields: {} });
  if (!schema.allOf) return schema;
  const parts = schema.allOf.map((part) => resolve(part, { schemas, fields: {} }));
  return Object.assign({}, ...parts, schema.nullable ? { nullable: true } : {});
}

/** Values that fit a schema. Fields that may be left out often are. */
export function fitting(
  schema: Schema,
  vocabulary: Vocabulary,
  door: string,
  field = '',
): fc.Arbitrary<unknown> {
  const known = vocabulary.fields[`${door} ${field}`] ?? vocabulary.fields[field];
  if (known) return known;
  const resolved = resolve(schema, vocabulary);
  const value = fittingPlain(resolved, vocabulary, door, field);
  return resolved.nullable ? fc.option(value, { freq: 4 }) : value;
}

function fittingPlain(
  schema: Schema,
  vocabulary: Vocabulary,
  door: string,
  field: string,
): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if ('const' in schema) return fc.constant(schema.const);
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives) return fc.oneof(...alternatives.map((one) => fitting(one, vocabulary, door, field)));
  switch ([schema.type].flat()[0]) {
    case 'string':
      return fittingText(schema);
    case 'integer':
      return fc.integer(within(schema, 2 ** 31 - 1));
    case 'number': {
      const { min, max } = within(schema, 1e6);
      return fc.double({ min, max, noNaN: true, noDefaultInfinity: true });
    }
    case 'boolean':
      return fc.boolean();
    case 'array':
      return fc.array(fitting(schema.items ?? {}, vocabulary, door, `${field}[]`), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.min(schema.maxItems ?? 3, 3),
      });
    case 'object':
      return schema.properties ? fittingObject(schema, vocabulary, door) : fc.constantFrom({}, { a: 1 });
    default:
      return fc.constantFrom('x', 1);
  }
}

function within({ minimum, maximum }: Schema, most: number): { min: number; max: number } {
  const min = Math.max(minimum ?? -most, -most);
  return { min, max: Math.max(min, Math.min(maximum ?? most, most)) };
}

function fittingText({ format, minLength = 0, maxLength = 200 }: Schema): fc.Arbitrary<string> {
  if (format === 'uuid') return fc.uuid();
  if (format === 'date-time')
    return fc
      .date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true })
      .map((date) => date.toISOString());
  if (format === 'email') return fc.nat().map((number) => `person-${number}@example.com`);
  if (format === 'uri') return fc.constant('http://127.0.0.1/x');
  const length = {
    minLength: Math.max(minLength, 1),
    maxLength: Math.max(minLength, Math.min(maxLength, 40)),
  };
  return fc
    .oneof(
      { weight: 5, arbitrary: fc.string({ unit: fc.constantFrom(...'abcdefghij0123456789-'), ...length }) },
      { weight: 1, arbitrary: fc.string({ unit: 'grapheme', ...length }) },
    )
    .map((text) => text.slice(0, maxLength).toWellFormed())
    .filter((text) => text.length >= minLength);
}

function fittingObject(
  { properties = {}, required = [] }: Schema,
  vocabulary: Vocabulary,
  door: string,
): fc.Arbitrary<object> {
  const model = Object.fromEntries(
    Object.entries(properties).map(([name, property]) => [name, fitting(property, vocabulary, door, name)]),
  );
  return fc.record(model, { requiredKeys: required.filter((name) => name in model) });
}

/** Every place of an input of this form: the whole, its fields, the first item of each list. */
export function placesOf(schema: Schema, vocabulary: Vocabulary, path: string[] = []): Place[] {
  if (path.length > 5) return [];
  const resolved = resolve(schema, vocabulary);
  const inside = Object.entries(resolved.properties ?? {}).flatMap(([name, property]) =>
    placesOf(property, vocabulary, [...path, name]),
  );
  const item = resolved.items ? placesOf(resolved.items, vocabulary, [...path, '0']) : [];
  return [{ path, schema: resolved }, ...inside, ...item];
}

/** Values at the very edge of what a place takes, and just beyond. */
export function edgesOf({
  minLength,
  maxLength,
  minimum,
  maximum,
  maxItems,
  items,
}: Schema): (() => unknown)[] {
  const around = (edge: number | undefined) => (edge === undefined ? [] : [edge - 1, edge, edge + 1]);
  const lengths = [...around(minLength), ...around(maxLength)].filter(
    (length) => length >= 0 && length <= 1_000_000,
  );
  return [
    ...lengths.flatMap((length) => [
      () => 'x'.repeat(length),
      () => '\u{1f600}'.repeat(Math.ceil(length / 2)),
    ]),
    ...[...around(minimum), ...around(maximum)].map((edge) => () => edge),
    ...around(maxItems)
      .filter((count) => count >= 0 && count <= 100_000)
      .map((count) => () => Array.from({ length: count }, () => (items?.type === 'string' ? 'x' : {}))),
  ];
}

/** A copy of `value` with `put` at the place; what is missing on the way is made. `undefined` takes it away. */
export function placed(value: unknown, path: string[], put: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return put;
  if (Array.isArray(value) || /^\d+$/.test(key)) {
    const list = Array.isArray(value) ? [...value] : [];
    list[Number(key)] = placed(list[Number(key)], rest, put);
    return list;
  }
  const parent: Record<string, unknown> = typeof value === 'object' && value !== null ? { ...value } : {};
  const child = placed(parent[key], rest, put);
  // Assigning to `__proto__` would not make a key of it.
  Object.defineProperty(parent, key, {
    value: child,
    enumerable: child !== undefined,
    configurable: true,
    writable: true,
  });
  return parent;
}
