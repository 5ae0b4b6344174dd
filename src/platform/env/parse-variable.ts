import { readFileSync } from 'node:fs';
import { SecretString } from '../secrets';
import { envTable, type EnvName } from './env.schema';

/** Reads one variable after the other; what is wrong with one goes into a common list and makes it `undefined`. */
export type ReadVariable = <N extends EnvName>(
  name: N,
) => ReturnType<(typeof envTable)[N]['parse']['parse']> | undefined;

/** @param problems names each variable and what is expected of it, never its value */
export function variableReader(source: NodeJS.ProcessEnv, problems: string[]): ReadVariable {
  return (name) => parseVariable(name, source, problems);
}

export function toSecret(value: string | undefined): SecretString | undefined {
  return value === undefined ? undefined : new SecretString(value);
}

function parseVariable<N extends EnvName>(
  name: N,
  source: NodeJS.ProcessEnv,
  problems: string[],
): ReturnType<(typeof envTable)[N]['parse']['parse']> | undefined {
  let raw = source[name];
  const file = source[`${name}_FILE`];
  if (file) {
    if (raw) problems.push(`${name} and ${name}_FILE are both set; set one.`);
    try {
      raw = readFileSync(file, 'utf8').trim();
    } catch {
      problems.push(`${name}_FILE names a file that cannot be read.`);
      return undefined;
    }
  }
  const result = envTable[name].parse.safeParse(raw === '' ? undefined : raw);
  if (result.success) return result.data as ReturnType<(typeof envTable)[N]['parse']['parse']>; // the union of parsers narrowed to N's
  problems.push(`${name}: ${result.error.issues.map(describeIssue).join('; ')}`);
  return undefined;
}

/** Zod's own text may repeat the value for some issues; these never do. */
function describeIssue(issue: { code: string; values?: unknown; message: string }): string {
  if (issue.code === 'invalid_value' && Array.isArray(issue.values))
    return `must be one of ${issue.values.join(', ')}`;
  if (issue.code === 'invalid_format') return 'is not a valid address of the expected kind';
  if (issue.code === 'invalid_type') return 'is not of the expected type';
  return issue.message;
}
