import type { ModelCapabilities, ModelPurpose } from '../models/model.entity';
import type { PriceCard, PriceSource } from '../prices/price';

/** A model as the catalogue would hold it. `null` is unknown. Times are ISO 8601. */
export interface CatalogueModel {
  modelKey: string;
  displayName: string;
  status: 'active' | 'archived';
  purpose: ModelPurpose;
  capabilities: ModelCapabilities;
  contextWindow: number | null;
  maxOutputTokens: number | null;
  releasedAt: string | null;
  deprecatedAt: string | null;
  knowledgeCutoff: string | null;
  price: CataloguePrice | null;
}

export interface CataloguePrice {
  card: PriceCard;
  source: PriceSource;
  /** From when a price of the catalogue holds; one that is not there yet holds from when it is applied. */
  effectiveFrom: string | null;
}

/** A model that the catalogue holds. */
export interface ExistingModel extends CatalogueModel {
  id: string;
  source: 'manual' | 'bundled' | 'provider';
}

export interface FieldChange {
  field: string;
  from: unknown;
  to: unknown;
}

/** Something that is not done unless a person accepts it by name (`<modelKey>#<field>`), or cannot be done at all. */
export interface Quarantined extends FieldChange {
  model: string;
  reason: string;
  /** False for what no catalogue can hold: it is only reported. */
  acceptable: boolean;
}

/** What a provider says, compared with the catalogue. Taking one changes nothing. */
export interface ModelSyncDiff {
  id: string;
  providerId: string;
  takenAt: string;
  baseVersion: number;
  newModels: CatalogueModel[];
  updatedModels: { existing: ExistingModel; updated: CatalogueModel; changes: FieldChange[] }[];
  archivedModels: ExistingModel[];
  /** Who uses what would be archived. */
  affected: {
    teams: { id: string; name: string }[];
    /** Live agents whose current version asks for one of the models, enabled in their team or not. */
    agents: { id: string; name: string; teamId: string }[];
    defaults: { teamId: string; modelRef: string }[];
  };
  quarantined: Quarantined[];
}

/** Whether there is nothing to apply without asking. */
export function isEmpty({ newModels, updatedModels, archivedModels }: ModelSyncDiff): boolean {
  return newModels.length + updatedModels.length + archivedModels.length === 0;
}

/** The part of a diff that is accepted; a list that is absent accepts all of its kind, but never what is quarantined. */
export interface AcceptedPart {
  newModels?: string[] | undefined;
  updatedModels?: string[] | undefined;
  archivedModels?: string[] | undefined;
  /** `<modelKey>#<field>` of quarantined rows. */
  quarantined?: string[] | undefined;
}
