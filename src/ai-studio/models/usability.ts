import { AppError } from '../../platform/errors';
import type { ModelPurpose } from './model.entity';
import { getProviderKind } from '../providers/provider-kinds';
import { keySwitch } from '../providers/switches';

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
  /** The endpoint or the environment variable that changes it; absent where nothing does. */
  set?: string;
}

/** The first thing that stands between a team and a model, or `undefined`. The one copy of this rule. */
export function findObstacle(condition: ModelCondition, sandboxEnabled: boolean): Obstacle | undefined {
  const { ref, providerId, providerKind } = condition;
  const unavailable = (problem: string, remedy: string, set?: string): Obstacle => ({
    code: 'MODEL_NOT_AVAILABLE',
    message: `${ref} ${problem}. ${remedy}${set ? ` (${set})` : ''}.`,
    ...(set ? { set } : {}),
  });
  const model = encodeURIComponent(ref);
  if (condition.status === 'archived')
    return unavailable(
      'is archived, and used by no team',
      'Choose another model; where its provider still offers it, the platform admin can bring it back',
      `PATCH /api/v1/models/${model}`,
    );
  if (condition.purpose !== 'chat')
    return unavailable(`is for ${condition.purpose}, not for chat`, 'It cannot be enabled');
  if (!condition.enabledByPlatform)
    return unavailable(
      'is disabled for all teams',
      'The platform admin can enable it',
      `PATCH /api/v1/models/${model}`,
    );
  if (!condition.providerActive)
    return unavailable(
      `is of ${providerId}, which is disabled for all teams`,
      'The platform admin can enable it',
      `PATCH /api/v1/providers/${providerId}`,
    );
  if (providerKind === 'sandbox' && !sandboxEnabled)
    return unavailable('is off on this server', 'The operator can turn it on', 'SANDBOX_PROVIDER');
  if (!condition.enabledByTeam)
    return unavailable(
      'is not enabled in this team',
      'An admin can enable it',
      `PATCH /api/v1/team-models/${model}`,
    );
  const { key } = getProviderKind(providerKind);
  if (key === 'required' && condition.tokenOrigin === undefined) return keyMissing(providerId);
  return key === 'none' ? undefined : findKeyMoved(condition);
}

/** That a team has no key for a provider. */
export function keyMissing(providerId: string): Obstacle {
  const set = keySwitch(providerId);
  const message = `The team has no key for ${providerId}. An admin can store one (${set}).`;
  return { code: 'TOKEN_MISSING', message, set };
}

/** That a team's key was stored for another address than the provider has now: it is not sent there. */
export function findKeyMoved({
  providerId,
  tokenOrigin,
  providerOrigin,
}: Pick<ModelCondition, 'providerId' | 'tokenOrigin' | 'providerOrigin'>): Obstacle | undefined {
  if (tokenOrigin === undefined || tokenOrigin === providerOrigin) return undefined;
  const set = keySwitch(providerId);
  const message = `The key of ${providerId} was stored for ${tokenOrigin}, and the provider now points to ${providerOrigin}. An admin has to store it again (${set}).`;
  return { code: 'TOKEN_MISSING', message, set };
}

/** An obstacle as the error that names it: `details` is `{ modelRef?, set? }`. */
export function toError({ code, message, set }: Obstacle, modelRef?: string): AppError {
  return new AppError(code, message, {
    details: { ...(modelRef === undefined ? {} : { modelRef }), ...(set === undefined ? {} : { set }) },
  });
}
