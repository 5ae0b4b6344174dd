import type { LimitSettings } from '../../platform/env';

/** What is counted: each caller, each team, and of each team the calls that ask a provider. */
export type CallLimit = Extract<keyof LimitSettings, 'calls' | 'team' | 'modelCalls'>;

/**
 * The doors behind which a provider is asked, by route and by procedure: they have a smaller limit of their own. Every
 * other door counts for its caller and the caller's team alone.
 */
export const modelCallingDoors: ReadonlySet<string> = new Set([
  'POST /api/v1/chat',
  'POST /api/v1/chat/sessions/:sessionId/messages',
  'chat.sendMessage',
  'POST /api/v1/chat/sessions/:sessionId/messages/:messageId/regenerate',
  'chat.regenerate',
  'POST /api/v1/team-models/:modelId/test',
  'aiTeamModels.test',
  'POST /api/v1/tokens/:providerId/test',
  'aiTokens.test',
  'POST /api/v1/model-sync/:providerId/diff',
  'aiModelSync.diff',
]);
