import { AppError } from '../../platform/errors';
import type { SnapshotModel } from '../models/team-snapshot';
import type { Family } from '../prompts/families';
import type { ComposedPrompt, LayerName } from '../prompts/layers';
import { countTokens, estimateTokens, mostTokens, type TokenCount } from '../prompts/token-count';

type Model = Pick<SnapshotModel, 'ref' | 'contextWindow'>;

/** Less than this share of the window is too little for a question and its answer. */
const leastShare = 1 / 16;

/** Whether a prompt is so short beside the window that its tokens need not be counted. */
function surelyFits({ contextWindow }: Model, { system }: ComposedPrompt): boolean {
  return contextWindow === null || mostTokens(system) <= contextWindow * (1 - leastShare);
}

/** What can be said without a tokenizer: enough for a model that is asked only if others fail. */
export function probablyFits(model: Model, prompt: ComposedPrompt): boolean {
  return surelyFits(model, prompt) || isRoom(model, estimateTokens(prompt.system));
}

/**
 * `MODEL_NOT_AVAILABLE` where the instructions leave no room in a model's context window for a question and an answer,
 * with the layer to shorten; `undefined` where they do, or the window is unknown.
 */
export async function findOverflow(
  model: Model,
  prompt: ComposedPrompt,
  family: Family,
): Promise<AppError | undefined> {
  if (surelyFits(model, prompt)) return undefined;
  const count = await countTokens(prompt.system, family);
  return isRoom(model, count.tokens) ? undefined : overflow(model, prompt, count);
}

function isRoom({ contextWindow }: Model, tokens: number): boolean {
  return contextWindow === null || tokens <= contextWindow * (1 - leastShare);
}

function overflow(
  { ref, contextWindow }: Model,
  { sections }: ComposedPrompt,
  { tokens, estimated }: TokenCount,
): AppError {
  const longest = sections.reduce((most, section) =>
    section.text.length > most.text.length ? section : most,
  );
  const about = estimated ? 'about ' : '';
  return new AppError(
    'MODEL_NOT_AVAILABLE',
    `The instructions take ${about}${tokens} tokens, and ${ref} takes ${contextWindow} in all, question and answer included. Shorten ${homes[longest.layer]}, or choose a model with a larger context window.`,
    {
      details: {
        modelRef: ref,
        contextWindow,
        tokens,
        estimated,
        layer: longest.layer,
        source: longest.source,
      },
    },
  );
}

const homes: Record<LayerName, string> = {
  platform: 'the platform rules (PLATFORM_RULES of this server)',
  team: "the team's instructions (PUT /api/v1/app-config/aiStudio/team)",
  user: 'your own instructions (PUT /api/v1/app-config/aiStudio/me)',
  agent: "the agent's instructions (PATCH /api/v1/agents/:agentId)",
};
