import { plainToInstance, type ClassConstructor } from 'class-transformer';
import { getMetadataStorage, validateSync, type ValidationError } from 'class-validator';
import { assertPlain } from './plain-json';
import { validationFailed, type FieldProblem } from './validation-failed';

/**
 * Turns what a client sent into an instance of a DTO class, refusing wrong types and unknown fields. The same function
 * serves REST bodies and queries, and tRPC inputs. Throws `VALIDATION_FAILED` with one {@link FieldProblem} a fault.
 */
export function parseDto<T extends object>(type: ClassConstructor<T>, value: unknown): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw validationFailed([{ field: '', problem: 'must be an object' }]);
  }
  assertKnownFields(type, value);
  assertPlain(value);
  const instance = plainToInstance(type, value);
  const errors = validateSync(instance, {
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
  });
  if (errors.length > 0) throw validationFailed(errors.flatMap((error) => describe(error, '')));
  return instance;
}

const knownFields = new WeakMap<object, ReadonlySet<string>>();

/** Those of the DTO itself, before anything looks into them: what nobody asked for may be as large as a body. */
function assertKnownFields(type: ClassConstructor<object>, value: object): void {
  let known = knownFields.get(type);
  if (!known) {
    const rules = getMetadataStorage().getTargetValidationMetadatas(type, '', false, false);
    known = new Set(rules.map(({ propertyName }) => propertyName));
    knownFields.set(type, known);
  }
  const names = known;
  const unknown = Object.keys(value).filter((field) => !names.has(field));
  if (unknown.length > 0)
    throw validationFailed(unknown.map((field) => ({ field, problem: 'is not a known field' })));
}

/** A parser that says of which class its results are, so that what a procedure takes can be described. */
export type DtoParser<T extends object> = ((value: unknown) => T) & { type: ClassConstructor<T> };

/** tRPC takes a function as parser; `dto(SaveTokenDto)` makes one of a DTO class. `undefined` reads as `{}`. */
export function dto<T extends object>(type: ClassConstructor<T>): DtoParser<T> {
  return Object.assign((value: unknown) => parseDto(type, value ?? {}), { type });
}

function describe(error: ValidationError, parent: string): FieldProblem[] {
  const field = parent ? `${parent}.${error.property}` : error.property;
  const own = Object.entries(error.constraints ?? {}).map(([rule, text]) => ({
    field,
    problem: rule === 'whitelistValidation' ? 'is not a known field' : withoutName(text, error.property),
  }));
  return [...own, ...(error.children ?? []).flatMap((child) => describe(child, field))];
}

/** class-validator begins its messages with the property's name, which the field already says. */
function withoutName(text: string, property: string): string {
  return text.startsWith(`${property} `) ? text.slice(property.length + 1) : text;
}
