import { showName, validationFailed } from './validation-failed';

const maxDepth = 40;
const maxFields = 1_000;
/** As many as the longest list that anything takes; each field has a bound of its own. */
const maxItems = 50_000;

/**
 * Refuses what no request of ours needs and what merging, walking or storing it would trip over: at any depth, texts
 * that cannot be stored, names that mean something to the language, and more fields or items than anything has. Throws
 * `VALIDATION_FAILED`.
 */
export function assertPlain(value: unknown): void {
  check(value, '', 0);
}

function check(value: unknown, path: string, depth: number): void {
  const refuse = (problem: string) => {
    throw validationFailed([{ field: path, problem }]);
  };
  if (typeof value === 'string' && value.includes('\0')) refuse('must not contain NUL');
  if (typeof value === 'string' && !value.isWellFormed()) refuse('must be well-formed Unicode');
  if (typeof value !== 'object' || value === null) return;
  if (depth > maxDepth) refuse(`is nested deeper than ${maxDepth} levels`);
  if (!Array.isArray(value) && Object.keys(value).length > maxFields)
    refuse(`must have at most ${maxFields} fields`);
  if (Array.isArray(value) && value.length > maxItems) refuse(`must have at most ${maxItems} items`);
  for (const [key, child] of Object.entries(value)) {
    if (key in Object.prototype || key === 'prototype' || key.includes('\0') || !key.isWellFormed())
      refuse(`must not have a key named ${showName(key)}`);
    check(child, path ? `${path}.${key}` : key, depth + 1);
  }
}
