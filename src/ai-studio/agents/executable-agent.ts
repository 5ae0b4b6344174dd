import type { ModelSettings } from '../models/team-model.entities';
import type { AgentVariable } from './agent.entities';

/** An agent as an execution needs it. */
export interface ExecutableAgent {
  id: string;
  name: string;
  version: number;
  /** True where it was deleted and a conversation goes on with the version that it has. */
  isDeleted: boolean;
  /** A template of the built-in variables and its own. */
  instructions: string;
  variables: AgentVariable[];
  /** The model that it asks for, which may not be usable now; `null` follows the team's order. */
  modelId: string | null;
  settings: ModelSettings;
}
