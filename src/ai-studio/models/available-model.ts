import type { ModelCapabilities } from './model.entity';
import type { SnapshotModel } from './team-snapshot';

/** A model that a consumer can run now. */
export interface AvailableModel {
  id: string;
  /** `<providerId>/<modelKey>` */
  ref: string;
  providerId: string;
  displayName: string;
  capabilities: ModelCapabilities;
  /** Tokens; `null` where unknown. */
  contextWindow: number | null;
  maxOutputTokens: number | null;
  isDefault: boolean;
}

export function toAvailableModel(model: SnapshotModel): AvailableModel {
  const { id, ref, provider, displayName, capabilities, contextWindow, maxOutputTokens, isDefault } = model;
  return {
    id,
    ref,
    providerId: provider.id,
    displayName,
    capabilities,
    contextWindow,
    maxOutputTokens,
    isDefault,
  };
}
