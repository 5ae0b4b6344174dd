import { z } from 'zod';
import { AppRegistry } from './app-registry';
import { findLanguageName } from './language';
import {
  findInstructionProblems,
  instructionVariables,
  maxInstructionsLength,
  toTemplate,
} from './instructions';

const instructions = z
  .string()
  .superRefine((text, context) => {
    // Two braces that stand for themselves count as two, with the backslash or without.
    const message = `must have at most ${maxInstructionsLength} characters`;
    if (text.replaceAll('\\{{', '{{').length > maxInstructionsLength)
      return context.addIssue({ code: 'custom', message });
    for (const problem of findInstructionProblems(text, instructionVariables))
      context.addIssue({ code: 'custom', message: problem });
  })
  .default('');

/** Team configuration of AI Studio: what every model of the team is told. */
export const aiStudioTeamConfig = z.strictObject({
  teamInstructions: z
    .strictObject({
      enabled: z.boolean().default(false),
      content: instructions,
      /** `all` apps, or only `chat`. */
      appliesTo: z.enum(['all', 'chat']).default('all'),
    })
    .prefault({}),
});

/** A user's own configuration of AI Studio in a team. */
export const aiStudioUserConfig = z.strictObject({
  /** The language that the user wants answers in, as a BCP 47 tag such as `de` or `pt-BR`; `null` for that of each question. */
  language: z
    .string()
    .max(35)
    .refine((tag) => findLanguageName(tag) !== undefined, 'must be a language tag such as de or pt-BR')
    .nullable()
    .default(null),
  userInstructions: z
    .strictObject({ enabled: z.boolean().default(false), content: instructions })
    .prefault({}),
});

/** Team configuration of Chat. */
export const chatTeamConfig = z.strictObject({
  /** Whether a conversation may change from one agent to another. */
  agentSwitching: z.enum(['locked', 'allowed']).default('locked'),
  /** Whether a conversation gets a title from a model after its first answer; else it keeps the beginning of its first message. */
  generatedTitles: z.boolean().default(true),
  /** Model (id or `provider/model`) that writes titles and summaries; `null` is the cheapest that the team has enabled. */
  helperModelId: z.string().min(1).max(400).nullable().default(null),
});

/** A user's own configuration of Chat in a team. */
export const chatUserConfig = z.strictObject({
  /** Model (id or `provider/model`) that new conversations use; `null` is the team's default. */
  defaultModelId: z.string().min(1).max(400).nullable().default(null),
});

export type AiStudioTeamConfig = z.infer<typeof aiStudioTeamConfig>;
export type AiStudioUserConfig = z.infer<typeof aiStudioUserConfig>;
export type ChatTeamConfig = z.infer<typeof chatTeamConfig>;
export type ChatUserConfig = z.infer<typeof chatUserConfig>;

/** The registry of this instance. */
export const appRegistry = new AppRegistry();

export const aiStudioApp = appRegistry.register({
  id: 'aiStudio',
  displayName: 'AI Studio',
  team: { version: 2, schema: aiStudioTeamConfig, upgrade: { 1: upgradeInstructions('teamInstructions') } },
  user: { version: 2, schema: aiStudioUserConfig, upgrade: { 1: upgradeInstructions('userInstructions') } },
});

export const chatApp = appRegistry.register({
  id: 'chat',
  displayName: 'Chat',
  team: { version: 1, schema: chatTeamConfig },
  user: { version: 1, schema: chatUserConfig },
});

/** Version 1 knew no templates. */
function upgradeInstructions(key: string) {
  return (document: Record<string, unknown>): Record<string, unknown> => {
    const instructions = document[key];
    if (typeof instructions !== 'object' || instructions === null || !('content' in instructions))
      return document;
    const { content } = instructions;
    return typeof content === 'string'
      ? { ...document, [key]: { ...instructions, content: toTemplate(content) } }
      : document;
  };
}
