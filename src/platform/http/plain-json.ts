import { showName, validationFailed } from './validation-failed';

const maxDepth = 40;
const maxFields = 1_000;
/** As many as the longest list that anything takes; each field has a bound of its own. */
const maxItems = 50_000;

/** Names that mean something to the language. */
const meaningful: ReadonlySet<string> = new Set([
  ...Object.getOwnPropertyNames(Object.prototype),
  'prototype',
]);

/** What is wrong, and where: put together on the way back only, since there mostly is nothing. */
interface Fault {
  path: string[];
  problem: string;
}

/**
 * Refuses what no request of ours needs and what merging, walking or storing it would trip over: at any depth, texts
 * that cannot be stored, names that mean something to the language, and more fields or items than anything has. Throws
 * `VALIDATION_FAILED`.
 */
export function assertPlain(value: unknown): void {
  const fault = findFault(value, 0);
  if (fault) throw validationFailed([{ field: fault.path.join('.'), problem: fault.problem }]);
}

function findFault(value: unknown, depth: number): Fault | undefined {
  if (typeof value === 'string') return fault(findTextProblem(value));
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth > maxDepth) return fault(`is nested deeper than ${maxDepth} levels`);
  return Array.isArray(value)
    ? findFaultOfList(value, depth)
    : findFaultOfObject(value as Record<string, unknown>, depth); // what is neither null nor a list has fields
}

function findFaultOfList(list: unknown[], depth: number): Fault | undefined {
  if (list.length > maxItems) return fault(`must have at most ${maxItems} items`);
  for (let index = 0; index < list.length; index += 1) {
    const found = findFault(list[index], depth + 1);
    if (found) return within(found, String(index));
  }
  return undefined;
}

function findFaultOfObject(record: Record<string, unknown>, depth: number): Fault | undefined {
  const keys = Object.keys(record);
  if (keys.length > maxFields) return fault(`must have at most ${maxFields} fields`);
  for (const key of keys) {
    if (meaningful.has(key) || findTextProblem(key))
      return fault(`must not have a key named ${showName(key)}`);
    const found = findFault(record[key], depth + 1);
    if (found) return within(found, key);
  }
  return undefined;
}

function findTextProblem(text: string): string | undefined {
  if (text.includes('\0')) return 'must not contain NUL';
  return text.isWellFormed() ? undefined : 'must be well-formed Unicode';
}

function fault(problem: string | undefined): Fault | undefined {
  return problem === undefined ? undefined : { path: [], problem };
}

function within(fault: Fault, name: string): Fault {
  fault.path.unshift(name);
  return fault;
}
