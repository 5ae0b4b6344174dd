import { isUuid } from '@kdx/shared';
import { notFound } from '../../platform/errors';

/** How a model is named from outside: its id, or `<providerId>/<model as the provider spells it>`. */
export type ModelName = { id: string } | { providerId: string; modelKey: string };

/** Reads a `modelId` of a body, query or path. What is neither form names no model: `NOT_FOUND`. */
export function parseModelName(text: string): ModelName {
  if (isUuid(text)) return { id: text };
  const slash = text.indexOf('/');
  if (slash < 1 || slash === text.length - 1) throw notFound('The model');
  return { providerId: text.slice(0, slash), modelKey: text.slice(slash + 1) };
}

export function toModelRef(providerId: string, modelKey: string): string {
  return `${providerId}/${modelKey}`;
}

export function isModelNamed(name: ModelName, model: { id: string; ref: string }): boolean {
  return 'id' in name ? model.id === name.id : model.ref === toModelRef(name.providerId, name.modelKey);
}
