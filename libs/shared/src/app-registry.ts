import type { z } from 'zod';
import type { AppId } from './ids';

/**
 * The schema of one configuration document. Strict objects only: unknown keys are refused. `schema.parse({})` must
 * succeed: it gives the defaults that an app works with before anybody saved anything.
 */
export interface ConfigSchema<Shape extends z.ZodObject = z.ZodObject> {
  /** Counts up when stored documents have to change. Begins at 1. */
  version: number;
  schema: Shape;
  /** `upgrade[n]` turns a document of version `n` into one of version `n + 1`. One entry for each version before this. */
  upgrade?: Record<number, (document: Record<string, unknown>) => Record<string, unknown>>;
}

/** An app that keeps its configuration in AI Studio's generic endpoints. */
export interface AppDefinition {
  /** Lower camel case, for example `chat`. */
  id: string;
  displayName: string;
  /** What team admins set for everybody. */
  team?: ConfigSchema;
  /** What each user sets for themself, in each team. */
  user?: ConfigSchema;
}

/** The apps of an instance. Registering a definition is all that a new app needs: no endpoint, no migration. */
export class AppRegistry {
  private readonly apps = new Map<string, AppDefinition>();

  /** Throws `Error` for a name that is taken or malformed, or a schema that has no complete defaults or is not strict. */
  register(app: AppDefinition): AppId {
    if (!/^[a-z][a-zA-Z0-9]{1,39}$/.test(app.id))
      throw new Error(`"${app.id}" is not an app id: use lower camel case.`);
    if (this.apps.has(app.id)) throw new Error(`The app ${app.id} is registered already.`);
    for (const level of [app.team, app.user]) if (level) assertUsable(app.id, level);
    this.apps.set(app.id, app);
    return app.id as AppId; // registered: the brand's only door
  }

  find(id: string): AppDefinition | undefined {
    return this.apps.get(id);
  }

  list(): AppDefinition[] {
    return [...this.apps.values()];
  }
}

function assertUsable(id: string, { version, schema, upgrade = {} }: ConfigSchema): void {
  if (!schema.safeParse({}).success)
    throw new Error(`Every field of a configuration schema of ${id} needs a default.`);
  if (schema.safeParse({ 'not a field of any schema': 1 }).success)
    throw new Error(`Use z.strictObject for ${id}.`);
  for (let from = 1; from < version; from += 1) {
    if (!upgrade[from]) throw new Error(`${id} lacks the upgrade of its configuration from version ${from}.`);
  }
}
