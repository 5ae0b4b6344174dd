import { plainToInstance, type ClassConstructor } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import { AppError } from '../errors';

/** One thing that is wrong with a request. */
export interface FieldProblem {
  /** Dotted path, `''` for the whole. */
  field: string;
  problem: string;
}

/**
 * Turns what a client sent into an instance of a DTO class, refusing wrong types and unknown fields. The same function
 * serves REST bodies and queries, and tRPC inputs. Throws `VALIDATION_FAILED` with one {@link FieldProblem} a fault.
 */
export function parseDto<T extends object>(type: ClassConstructor<T>, value: unknown): T {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw validationFailed([{ field: '', problem: 'must be an object' }]);
  }
  assertPlain(value, '', 0);
  const instance = plainToInstance(type, value);
  const errors = validateSync(instance, {
    whitelist: true,
    forbidNonWhitelisted: true,
    forbidUnknownValues: true,
  });
  if (errors.length > 0) throw validationFailed(errors.flatMap((error) => describe(error, '')));
  return instance;
}

/** tRPC takes a function as parser; `dto(SaveTokenDto)` makes one of a DTO class. `undefined` reads as `{}`. */
export function dto<T extends object>(type: ClassConstructor<T>): (value: unknown) => T {
  return (value) => parseDto(type, value ?? {});
}

/** A `VALIDATION_FAILED` that names each field in its message and in `details`. */
export function validationFailed(given: FieldProblem[]): AppError {
  const problems = given.map(({ field, problem }) => ({ field: showName(field), problem }));
  const text = problems.map(({ field, problem }) => (field ? `${field} ${problem}` : problem)).join('; ');
  return new AppError('VALIDATION_FAILED', `The request does not fit: ${text}.`, {
    details: { fields: problems },
  });
}

/**
 * A path as it was sent, but only the length of a name that can be no field's: it may be a key that went astray, and
 * what is refused is logged.
 */
function showName(path: string): string {
  const names = path.split('.');
  return names.map((name) => (/^[\w-]{0,32}$/.test(name) ? name : `(${name.length} characters)`)).join('.');
}

const maxDepth = 40;

/** Refuses what no request of ours needs and what merging, walking or storing it would trip over. */
function assertPlain(value: unknown, path: string, depth: number): void {
  if (typeof value === 'string' && value.includes('\0'))
    throw validationFailed([{ field: path, problem: 'must not contain NUL' }]);
  if (typeof value === 'string' && !value.isWellFormed())
    throw validationFailed([{ field: path, problem: 'must be well-formed Unicode' }]);
  if (typeof value !== 'object' || value === null) return;
  if (depth > maxDepth)
    throw validationFailed([{ field: path, problem: `is nested deeper than ${maxDepth} levels` }]);
  for (const [key, child] of Object.entries(value)) {
    if (key in Object.prototype || key === 'prototype' || key.includes('\0')) {
      throw validationFailed([{ field: path, problem: `must not have a key named ${showName(key)}` }]);
    }
    assertPlain(child, path ? `${path}.${key}` : key, depth + 1);
  }
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
