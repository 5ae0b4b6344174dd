import type { TemplatePart } from '@kdx/shared';

/** Whose instructions: the operator's, the team's, the user's own, the agent's. From the most general to the most specific. */
export const layerNames = ['platform', 'team', 'user', 'agent'] as const;
export type LayerName = (typeof layerNames)[number];

/** Characters of one layer, its variables standing for their values. */
export const maxLayerLength = 100_000;

/** One layer of instructions before it is written into a prompt. */
export interface LayerInput {
  layer: LayerName;
  /** Where it comes from: the platform's rules, a configuration document, an agent by its name. */
  source: string;
  /** Version of that document or agent. */
  version?: number;
  template: TemplatePart[];
}

/** A change of agent that a conversation has just had: the model has to be told that it is another now. */
export interface AgentSwitch {
  /** Name of the agent that it was. */
  from: string;
}

/** A layer as it stands in the prompt. */
export interface PromptSection {
  layer: LayerName;
  source: string;
  version?: number;
  /** Its section, heading or tags included. */
  text: string;
  /** True where it differs from user to user of a team, so that their prompts part from here on. */
  personal: boolean;
}

/** A system prompt, with where each part of it comes from. */
export interface ComposedPrompt {
  system: string;
  sections: PromptSection[];
  strategy: StrategyName;
  /** Where the text goes: models that know no system message get it in front of the first user message. */
  role: PromptRole;
  /** Characters at the beginning of `system` that are the same for all users of the team. */
  sharedLength: number;
}

/** The shapes of a prompt: see `strategies.ts`. */
export const strategyNames = [
  'claude-advanced',
  'gpt-advanced',
  'gpt-standard',
  'gpt-lite',
  'reasoning',
  'google-advanced',
  'default',
] as const;
export type StrategyName = (typeof strategyNames)[number];

export type PromptRole = 'system' | 'user';
