import type { AgentVariable } from './agent.entities';

/** An agent as a consumer may see it: what to offer to a user, and which values it takes. Its instructions stay here. */
export interface AvailableAgent {
  id: string;
  name: string;
  description: string;
  /** The current version, from 1. */
  version: number;
  variables: AgentVariable[];
  /** The model that it asks for, which may not be usable now; `null` follows the team's order. */
  modelId: string | null;
}

/** Of something that says more. */
export function toAvailableAgent({
  id,
  name,
  description,
  version,
  variables,
  modelId,
}: AvailableAgent): AvailableAgent {
  return { id, name, description, version, variables, modelId };
}
