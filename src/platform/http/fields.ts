import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  ArrayNotEmpty,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsISO8601,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { validationFailed } from './validation-failed';

/*
 * One decorator a field: validates it at the door and describes it in the OpenAPI document, so that the two cannot
 * drift apart. Used by DTO classes (what clients send) and view classes (what they get).
 */

interface FieldOptions {
  description?: string;
  example?: unknown;
  optional?: boolean;
  nullable?: boolean;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function field(
  options: FieldOptions,
  schema: ApiPropertyOptions,
  ...rules: PropertyDecorator[]
): PropertyDecorator {
  const { description, example, optional = false, nullable = false } = options;
  // ApiPropertyOptions is a union that spreading cannot narrow; the parts are its own fields
  const api = {
    ...schema,
    description,
    example,
    nullable: nullable || undefined,
    required: !optional,
  } as ApiPropertyOptions;
  return applyDecorators(ApiProperty(api), ...(optional ? [mayBeLeftOut(nullable)] : []), ...rules);
}

/** `undefined` may be left out; `null` only where the field says so (class-validator's `IsOptional` lets both pass). */
function mayBeLeftOut(nullable: boolean): PropertyDecorator {
  return nullable ? IsOptional() : ValidateIf((_, value) => value !== undefined);
}

/**
 * A list of at most so many items. Refused before any of them is looked at: a body holds hundreds of thousands, and what
 * is wrong with each would be found out first.
 */
function AtMost(max: number): PropertyDecorator {
  return Transform(({ value, key }: { value: unknown; key: string }) => assertShort(value, key, max));
}

function assertShort<T>(value: T, field: string, max: number): T {
  if (Array.isArray(value) && value.length > max)
    throw validationFailed([{ field, problem: `must contain no more than ${max} elements` }]);
  return value;
}

/** Text without control characters that no text field needs (NUL cannot even be stored). */
export function TextField(options: FieldOptions & { min?: number; max: number }): PropertyDecorator {
  const { min = 1, max } = options;
  return field(
    options,
    { type: String, minLength: min, maxLength: max },
    IsString(),
    MinLength(min, { message: `must have at least ${min} characters` }),
    MaxLength(max, { message: `must have at most ${max} characters` }),
    // oxlint-disable-next-line no-control-regex -- refusing them is the purpose
    Matches(/^[^\u0000]*$/, { message: 'must not contain NUL' }),
  );
}

/** A UUID in canonical lower-case spelling. */
export function UuidField(options: FieldOptions = {}): PropertyDecorator {
  return field(options, { type: String, format: 'uuid' }, Matches(uuid, { message: 'must be a UUID' }));
}

export function BooleanField(options: FieldOptions = {}): PropertyDecorator {
  return field(options, { type: Boolean }, IsBoolean());
}

export function IntegerField(
  options: FieldOptions & { min: number; max: number; query?: boolean },
): PropertyDecorator {
  const { min, max, query = false } = options;
  const fromText = Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value,
  );
  return field(
    options,
    { type: 'integer', minimum: min, maximum: max },
    ...(query ? [fromText] : []),
    IsInt(),
    Min(min),
    Max(max),
  );
}

export function NumberField(options: FieldOptions & { min: number; max: number }): PropertyDecorator {
  return field(
    options,
    { type: Number, minimum: options.min, maximum: options.max },
    IsNumber({ allowNaN: false, allowInfinity: false }),
    Min(options.min),
    Max(options.max),
  );
}

export function EnumField(values: readonly string[], options: FieldOptions = {}): PropertyDecorator {
  return field(
    options,
    { enum: [...values] },
    IsIn(values, { message: `must be one of ${values.join(', ')}` }),
  );
}

/** A list of some of `values`: at least one, each once. A refusal names what is not among them. */
export function EnumListField(values: readonly string[], options: FieldOptions = {}): PropertyDecorator {
  const isUnknown = (value: unknown) => typeof value !== 'string' || !values.includes(value);
  const listUnknown = (value: unknown) =>
    (Array.isArray(value) ? value : [value])
      .filter(isUnknown)
      .slice(0, 5)
      .map((one) => String(one).slice(0, 100))
      .join(', ');
  return field(
    options,
    { enum: [...values], isArray: true, minItems: 1, maxItems: values.length, uniqueItems: true },
    IsArray(),
    ArrayNotEmpty({ message: 'must name at least one' }),
    AtMost(values.length),
    ArrayUnique({ message: 'must not name anything twice' }),
    IsIn(values, {
      each: true,
      message: ({ value }) => `has not among its values: ${listUnknown(value)}. It has ${values.join(', ')}`,
    }),
  );
}

/** A boolean in a query string: `true` or `false`. */
export function BooleanQueryField(options: FieldOptions = {}): PropertyDecorator {
  const fromText = Transform(({ value }: { value: unknown }) =>
    value === 'true' ? true : value === 'false' ? false : value,
  );
  return field(options, { type: Boolean }, fromText, IsBoolean({ message: 'must be true or false' }));
}

/** An ISO 8601 time. In DTOs it stays text; the service makes a `Date` of it. */
export function TimeField(options: FieldOptions = {}): PropertyDecorator {
  return field(
    options,
    { type: String, format: 'date-time' },
    Matches(/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2}))?$/, {
      message: 'must be an ISO 8601 time',
    }),
    IsISO8601({ strict: true }, { message: 'must be a time that exists' }),
  );
}

/** A nested object of a DTO or view class. Swagger tells a function that gives a class from a class by its name, `type`. */
export function ObjectField(type: () => new () => object, options: FieldOptions = {}): PropertyDecorator {
  return field(options, { type: () => type() }, IsObject(), ValidateNested(), Type(type));
}

/** A list of objects of a DTO or view class. */
export function ObjectListField(
  type: () => new () => object,
  options: FieldOptions & { max: number },
): PropertyDecorator {
  return field(
    options,
    { type: () => type(), isArray: true, maxItems: options.max },
    IsArray(),
    ValidateNested({ each: true }),
    Type((at) => {
      const field = at?.property ?? '';
      assertNoLists(assertShort(at?.object[field], field, options.max), field);
      return type();
    }),
  );
}

/** `ValidateNested` goes into a list among the items as if it were more of them, and lets an empty one pass. */
function assertNoLists(items: unknown, field: string): void {
  if (!Array.isArray(items)) return;
  const problems = items.flatMap((item, index) =>
    Array.isArray(item) ? [{ field: `${field}.${index}`, problem: 'must be an object' }] : [],
  );
  if (problems.length > 0) throw validationFailed(problems);
}

/** A list of texts. */
export function TextListField(options: FieldOptions & { max: number; maxLength: number }): PropertyDecorator {
  return field(
    options,
    { type: 'array', items: { type: 'string', maxLength: options.maxLength }, maxItems: options.max },
    IsArray(),
    AtMost(options.max),
    IsString({ each: true }),
    MaxLength(options.maxLength, { each: true }),
  );
}

/** A free JSON object whose content another rule checks (a registered schema, the AI SDK's message schema). */
export function JsonObjectField(options: FieldOptions = {}): PropertyDecorator {
  return field(options, { type: 'object', additionalProperties: true }, IsObject());
}

/** A list of free JSON objects. */
export function JsonObjectListField(options: FieldOptions & { max: number }): PropertyDecorator {
  return field(
    options,
    { type: 'array', items: { type: 'object', additionalProperties: true }, maxItems: options.max },
    IsArray(),
    AtMost(options.max),
    IsObject({ each: true }),
  );
}

/** Any JSON value, in what clients get. */
export function JsonValueField(options: FieldOptions = {}): PropertyDecorator {
  const kinds = ['string', 'number', 'boolean', 'object'].map((type) => ({ type }));
  return field(options, { oneOf: [...kinds, { type: 'array', items: {} }] });
}
