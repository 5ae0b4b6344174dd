import type { ConfigSchema } from '@kdx/shared';
import type { FieldProblem } from '../platform/http';
import type { StoredConfig } from './app-config.repository';

type Document = Record<string, unknown>;

/** A stored document read under today's schema: complete, or with what is wrong with it. */
export type ReadConfig =
  { ok: true; config: Document } | { ok: false; config: Document; problems: FieldProblem[] };

/** Upgrades a stored document to today's schema and fills in defaults. Nothing stored: the defaults. Never drops a key. */
export function readDocument(schema: ConfigSchema, stored: StoredConfig | null): ReadConfig {
  if (stored && stored.schemaVersion > schema.version) {
    const problem = `was saved under version ${stored.schemaVersion} of the schema; this server knows ${schema.version}`;
    return { ok: false, config: stored.config, problems: [{ field: '', problem }] };
  }
  let document: Document = stored?.config ?? {};
  for (let from = stored?.schemaVersion ?? schema.version; from < schema.version; from += 1) {
    document = schema.upgrade?.[from]?.(document) ?? document;
  }
  return checkDocument(schema, document);
}

/** Checks a whole document against the schema and completes it. */
export function checkDocument({ schema }: ConfigSchema, document: Document): ReadConfig {
  const result = schema.safeParse(document);
  if (result.success) return { ok: true, config: result.data };
  const problems = result.error.issues.flatMap((issue) => {
    const path = issue.path.map(String);
    if (issue.code !== 'unrecognized_keys') return [{ field: path.join('.'), problem: issue.message }];
    return issue.keys.map((key) => ({ field: [...path, key].join('.'), problem: 'is not a known field' }));
  });
  return { ok: false, config: document, problems };
}

/** JSON Merge Patch (RFC 7396): objects merge, `null` takes a key back to its default, all else replaces. */
export function mergePatch(target: unknown, patch: Document): Document {
  const merged: Document = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else merged[key] = isObject(value) ? mergePatch(merged[key], value) : value;
  }
  return merged;
}

function isObject(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
