export { AppRegistry, type AppDefinition, type ConfigSchema } from './app-registry';
export {
  aiStudioApp,
  aiStudioTeamConfig,
  aiStudioUserConfig,
  appRegistry,
  chatApp,
  chatTeamConfig,
  chatUserConfig,
  type AiStudioTeamConfig,
  type AiStudioUserConfig,
  type ChatTeamConfig,
  type ChatUserConfig,
} from './apps';
export {
  findCharacterProblems,
  findInstructionProblems,
  instructionVariables,
  cutText,
  parseTemplate,
  withoutUnseen,
  type InstructionVariable,
  type TemplatePart,
} from './instructions';
export { findLanguageName } from './language';
export {
  isUuid,
  toSignInId,
  toTeamId,
  toUserId,
  type AppId,
  type SignInId,
  type TeamId,
  type UserId,
  type Uuid,
} from './ids';
export type { RequestOrigin, Scope } from './scope';
