import { isDeepStrictEqual } from 'node:util';
import { findCharacterProblems, findInstructionProblems, instructionVariables } from '@kdx/shared';
import { validationFailed, type FieldProblem } from '../../platform/http';
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
  return findInstructionProblems(instructions, names).map((problem) => ({ field: 'instructions', problem }));
}

function findTextProblems(field: string, text: string): FieldProblem[] {
  return findCharacterProblems(text).map((problem) => ({ field, problem }));
}

function findBlank(field: string, text: string): FieldProblem[] {
  return text.trim() === '' ? [{ field, problem: 'must not be white space only' }] : [];
}
