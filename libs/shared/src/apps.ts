import { z } from 'zod';
import { AppRegistry } from './app-registry';

const instructions = z.string().max(20_000).default('');

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
  userInstructions: z
    .strictObject({ enabled: z.boolean().default(false), content: instructions })
    .prefault({}),
});

/** Team configuration of Chat. */
export const chatTeamConfig = z.strictObject({
  /** Whether a conversation may change from one agent to another. */
  agentSwitching: z.enum(['locked', 'allowed']).default('locked'),
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
  team: { version: 1, schema: aiStudioTeamConfig },
  user: { version: 1, schema: aiStudioUserConfig },
});

export const chatApp = appRegistry.register({
  id: 'chat',
  displayName: 'Chat',
  team: { version: 1, schema: chatTeamConfig },
  user: { version: 1, schema: chatUserConfig },
});
