import type { ModelPurpose } from './model.entity';
import { getProviderKind } from '../providers/provider-kinds';

/** What decides whether a team can use a model. */
export interface ModelCondition {
  ref: string;
  providerId: string;
  providerKind: string;
  providerActive: boolean;
  /** Origin to which a key of the provider is sent now. */
  providerOrigin: string;
  status: 'active' | 'archived';
  purpose: ModelPurpose;
  enabledByPlatform: boolean;
  enabledByTeam: boolean;
  /** Origin for which the team's key was stored; `undefined` without a key. */
  tokenOrigin: string | undefined;
}

/** Why a model cannot be used, with the switch that changes it. */
export interface Obstacle {
  code: 'MODEL_NOT_AVAILABLE' | 'TOKEN_MISSING';
  message: string;
}

/** The first thing that stands between a team and a model, or `undefined`. The one copy of this rule. */
export function findObstacle(condition: ModelCondition, sandboxEnabled: boolean): Obstacle | undefined {
  const { ref, providerId, tokenOrigin, providerOrigin } = condition;
  const unavailable = (message: string): Obstacle => ({ code: 'MODEL_NOT_AVAILABLE', message });
  if (condition.status === 'archived')
    return unavailable(`${ref} is archived: its provider no longer offers it. Choose another model.`);
  if (condition.purpose !== 'chat')
    return unavailable(`${ref} is for ${condition.purpose}, not for chat: it cannot be enabled.`);
  if (!condition.enabledByPlatform)
    return unavailable(
      `${ref} is disabled for all teams. The platform admin can enable it (PATCH /api/v1/models/:modelId).`,
    );
  if (!condition.providerActive)
    return unavailable(
      `${providerId} is disabled for all teams. The platform admin can enable it (PATCH /api/v1/providers/${providerId}).`,
    );
  if (condition.providerKind === 'sandbox' && !sandboxEnabled)
    return unavailable(`${ref} is off on this server (SANDBOX_PROVIDER).`);
  if (!condition.enabledByTeam)
    return unavailable(
      `${ref} is not enabled in this team. An admin can enable it (PATCH /api/v1/team-models/:modelId).`,
    );
  const { key } = getProviderKind(condition.providerKind);
  if (key !== 'none' && tokenOrigin !== undefined && tokenOrigin !== providerOrigin) {
    return {
      code: 'TOKEN_MISSING',
      message: `The key of ${providerId} was stored for ${tokenOrigin}, and the provider now points to ${providerOrigin}. An admin has to store it again (PUT /api/v1/tokens/${providerId}).`,
    };
  }
  if (key === 'required' && tokenOrigin === undefined) {
    return {
      code: 'TOKEN_MISSING',
      message: `The team has no key for ${providerId}. An admin can store one (PUT /api/v1/tokens/${providerId}).`,
    };
  }
  return undefined;
}
