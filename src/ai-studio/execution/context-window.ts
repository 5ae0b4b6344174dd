import { AppError } from '../../platform/errors';
import type { SnapshotModel } from '../models/team-snapshot';
import type { Family } from '../prompts/families';
import type { ComposedPrompt, LayerName } from '../prompts/layers';
import { countTokens, estimateTokens } from '../prompts/token-count';

/** Below this share of the window an estimate is good enough. */
const surelyFits = 0.5;

/**
 * `MODEL_NOT_AVAILABLE` where the instructions alone fill a model's context window, with the layer to shorten;
 * `undefined` where they fit, or the window is unknown.
 */
export async function findOverflow(
  { ref, contextWindow }: Pick<SnapshotModel, 'ref' | 'contextWindow'>,
  { system, sections }: ComposedPrompt,
  family: Family,
): Promise<AppError | undefined> {
  if (contextWindow === null || estimateTokens(system) < contextWindow * surelyFits) return undefined;
  const { tokens, estimated } = await countTokens(system, family);
  if (tokens < contextWindow) return undefined;
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
