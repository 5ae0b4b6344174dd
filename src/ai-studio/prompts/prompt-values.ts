import { cutText, withoutUnseen } from '@kdx/shared';
import { validationFailed, type FieldProblem } from '../../platform/http';
import type { ExecutableAgent } from '../agents/executable-agent';

const maxValueLength = 2_000;

/** A name of a person or a team as a value: on one line, without what cannot be seen. */
export function toValue(name: string): string {
  return cutText(withoutUnseen(name).replace(/\s+/g, ' ').trim(), 200);
}

/**
 * The values of an agent's variables: those given, the agent's defaults for the rest. Throws `VALIDATION_FAILED` for a
 * variable that the agent does not have, and for a value of more than 2,000 characters.
 */
export function toVariableValues(
  agent: ExecutableAgent | undefined,
  given: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const known = agent?.variables ?? [];
  const problems = Object.entries(given).flatMap(([name, value]): FieldProblem[] => {
    const field = `variables.${name}`;
    if (!known.some((variable) => variable.name === name))
      return [
        {
          field,
          problem: `is no variable of ${agent ? `the agent ${agent.name}` : 'an agent: none is chosen'}`,
        },
      ];
    if (value.length > maxValueLength)
      return [{ field, problem: `must have at most ${maxValueLength} characters` }];
    return [];
  });
  if (problems.length > 0) throw validationFailed(problems);
  return Object.fromEntries(
    known.map(({ name, default: fallback }) => [
      name,
      withoutUnseen(Object.hasOwn(given, name) ? (given[name] ?? fallback) : fallback),
    ]),
  );
}
