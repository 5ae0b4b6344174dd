import { AppError } from '../errors';

/** One thing that is wrong with a request. */
export interface FieldProblem {
  /** Dotted path, `''` for the whole. */
  field: string;
  problem: string;
}

/** Nobody mends more at a time, and an answer must not be many times what was asked. */
const maxProblems = 20;
const maxLength = 600;

/**
 * A `VALIDATION_FAILED` that names each field in its message and in `details.fields`: the first 20, with the number of
 * all others in `details.omitted`.
 */
export function validationFailed(problems: FieldProblem[]): AppError {
  const fields = problems
    .slice(0, maxProblems)
    .map(({ field, problem }) => ({ field: showName(field), problem: shortened(problem) }));
  const omitted = problems.length - fields.length;
  const texts = fields.map(({ field, problem }) => (field ? `${field} ${problem}` : problem));
  const text = [...texts, ...(omitted > 0 ? [`and ${omitted} more`] : [])].join('; ');
  return new AppError('VALIDATION_FAILED', `The request does not fit: ${text}.`, {
    details: { fields, ...(omitted > 0 ? { omitted } : {}) },
  });
}

/**
 * A path as it was sent, but only the length of a name that can be no field's: it may be a key that went astray, and
 * what is refused is logged.
 */
export function showName(path: string): string {
  const names = path.split('.');
  const shown = names.map((name) => (/^[\w-]{0,32}$/.test(name) ? name : `(${name.length} characters)`));
  return shortened(shown.join('.'));
}

/** A problem may hold what the client sent. */
function shortened(text: string): string {
  return text.length > maxLength ? `${text.slice(0, maxLength).toWellFormed()}…` : text;
}
