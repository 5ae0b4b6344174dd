import { isDeepStrictEqual } from 'node:util';
import {
  findCharacterProblems,
  findInstructionProblems,
  instructionVariables,
  parseTemplate,
} from '@kdx/shared';
import { validationFailed, type FieldProblem } from '../../platform/http';
import { withoutHidden } from '../prompts/harmless-text';
import { maxLayerLength } from '../prompts/layers';
import type { AgentVersion } from './agent.entities';

/** What a version of an agent says: all that an admin can change. */
export type AgentContent = Pick<
  AgentVersion,
  'name' | 'description' | 'instructions' | 'modelId' | 'settings' | 'libraryIds' | 'variables'
>;

/** The content of something that has more than that. */
export function toContent({
  name,
  description,
  instructions,
  modelId,
  settings,
  libraryIds,
  variables,
}: AgentContent): AgentContent {
  return { name, description, instructions, modelId, settings, libraryIds, variables };
}

/** What changes of it; what is `undefined` stays. */
export type AgentChange = { [Field in keyof AgentContent]?: AgentContent[Field] | undefined };

export function applyChange(content: AgentContent, change: AgentChange): AgentContent {
  return {
    name: change.name ?? content.name,
    description: change.description ?? content.description,
    instructions: change.instructions ?? content.instructions,
    modelId: change.modelId === undefined ? content.modelId : change.modelId, // null is a value
    settings: change.settings ?? content.settings,
    libraryIds: change.libraryIds ?? content.libraryIds,
    variables: change.variables ?? content.variables,
  };
}

export function isSameContent(one: AgentContent, other: AgentContent): boolean {
  return isDeepStrictEqual(toContent(one), toContent(other));
}

/**
 * Refuses what the fields by themselves cannot show: instructions that name no variable there is, variables that are
 * named twice or like a built-in one, characters that nobody sees. Throws `VALIDATION_FAILED` that names every fault.
 */
export function assertContent(content: AgentContent): void {
  const problems = [
    ...findTextProblems('name', content.name),
    ...findBlank('name', content.name),
    ...findLineProblems(content.name),
    ...findTextProblems('description', content.description),
    ...findVariableProblems(content),
    ...findBlank('instructions', content.instructions),
    ...findTemplateProblems(content),
  ];
  if (problems.length > 0) throw validationFailed(problems);
}

const variableName = /^[a-z][a-zA-Z0-9]{0,39}$/;
const builtIn: readonly string[] = instructionVariables;

function findVariableProblems({ variables }: AgentContent): FieldProblem[] {
  const names = variables.map(({ name }) => name);
  return variables.flatMap(({ name, description = '', default: value }, index) => {
    const field = `variables.${index}`;
    return [
      ...findNameProblems(name, names.slice(0, index)).map((problem) => ({
        field: `${field}.name`,
        problem,
      })),
      ...findTextProblems(`${field}.description`, description),
      ...findTextProblems(`${field}.default`, value),
    ];
  });
}

function findNameProblems(name: string, before: string[]): string[] {
  if (!variableName.test(name))
    return ['must be letters and digits, a lower-case letter first, at most 40 characters'];
  if (builtIn.includes(name))
    return [`must not be ${name}, which all instructions have already: choose another name`];
  return before.includes(name) ? [`must not be ${name} a second time: choose another name`] : [];
}

function findTemplateProblems({ instructions, variables }: AgentContent): FieldProblem[] {
  const names = [...builtIn, ...variables.map(({ name }) => name)];
  const problems = findInstructionProblems(instructions, names);
  const length = longestLength(instructions, variables);
  if (length > maxLayerLength)
    problems.push(
      `have ${length} characters once their variables stand for their defaults: at most ${maxLayerLength}`,
    );
  return problems.map((problem) => ({ field: 'instructions', problem }));
}

/** With the defaults in place of the variables; the names of people and teams are short. */
function longestLength(instructions: string, variables: AgentContent['variables']): number {
  const defaults = new Map(variables.map(({ name, default: value }) => [name, value.length]));
  return parseTemplate(instructions).reduce(
    (sum, part) => sum + (typeof part === 'string' ? part.length : (defaults.get(part.variable) ?? 0)),
    0,
  );
}

/** A name is read by people, in lists and answers: one line, nothing hidden in it. */
function findLineProblems(name: string): FieldProblem[] {
  const hidden = /[^\S ]|^\s|\s$|(?![\u200C\u200D])\p{Cf}|^[\u200C\u200D]|[\u200C\u200D]$/u.test(name);
  if (!hidden || findBlank('name', name).length > 0) return [];
  return [
    { field: 'name', problem: 'must be one line, without space at its ends and characters that nobody sees' },
  ];
}

function findTextProblems(field: string, text: string): FieldProblem[] {
  return findCharacterProblems(text).map((problem) => ({ field, problem }));
}

function findBlank(field: string, text: string): FieldProblem[] {
  return withoutHidden(text).trim() === '' ? [{ field, problem: 'must not be white space only' }] : [];
}
