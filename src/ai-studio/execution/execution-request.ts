import type { AgentSwitch } from '../prompts/layers';
import type { InputKind } from './input-kinds';

/** What an executor asks for. All of it is optional: the team's default model, no agent. */
export interface ExecutionRequest {
  /** Id or `<providerId>/<modelKey>`; the agent's model where absent, else the team's default. */
  modelId?: string | undefined;
  /**
   * For small work beside an answer: where `modelId` names none, the team's cheapest model by list price. Models without a
   * known price come after those with one, the sandbox last. Default false.
   */
  cheapest?: boolean | undefined;
  /** Whether the team's other models may answer where the first cannot. Default true. */
  fallback?: boolean | undefined;
  /** Whose instructions, settings and model apply. */
  agentId?: string | undefined;
  /** The version to go on with where the agent was deleted meanwhile; a live agent always answers in its current one. */
  agentVersion?: number | undefined;
  /** Values of the agent's variables, by name: plain text. The agent's defaults where absent. */
  variables?: Readonly<Record<string, string>> | undefined;
  /**
   * In the first turns after a conversation changed its agent: the model is told that it is another now. Without `agentId`
   * it is told that it is none any more.
   */
  agentSwitch?: AgentSwitch | undefined;
  /** What the newest message holds beside text: models that are known not to take it are not asked. */
  inputs?: readonly InputKind[] | undefined;
}
