import { Inject, Injectable } from '@nestjs/common';
import { appRegistry, type ConfigSchema, type Scope } from '@kdx/shared';
import { AppError, notFound } from '../platform/errors';
import { validationFailed } from '../platform/http';
import { TeamCache, TeamChanges } from '../platform/tenancy';
import { AppConfigRepository, type ConfigLevel, type StoredConfig } from './app-config.repository';
import { checkDocument, mergePatch, readDocument } from './config-document';
import type { ConfigView } from './config.dto';

const maxDocumentBytes = 256 * 1024;

/** Both documents of an app as they take effect. Versions are 0 before the first save. */
export interface EffectiveConfig {
  team: Record<string, unknown>;
  teamVersion: number;
  user: Record<string, unknown>;
  userVersion: number;
}

/** The generic configuration of every app. `scope.appId` names the app whose document is meant. */
@Injectable()
export class AppConfigService {
  private readonly cache: TeamCache<EffectiveConfig | AppError>;

  constructor(
    @Inject(AppConfigRepository) private readonly repository: AppConfigRepository,
    @Inject(TeamChanges) changes: TeamChanges,
  ) {
    this.cache = new TeamCache(changes, { maxTeams: 2_000, maxAgeMs: 30_000 });
  }

  /**
   * Both documents of an app as they take effect, from memory where possible. For rooms that act on configuration:
   * throws `CONFLICT` where a stored document no longer fits its schema, since acting on half of it would be worse.
   */
  async getEffective(scope: Scope): Promise<EffectiveConfig> {
    const key = `${scope.userId}/${scope.appId}`;
    const pair =
      this.cache.peek(scope.teamId, key) ?? (await this.cache.get(scope.teamId, key, () => this.load(scope)));
    if (pair instanceof AppError) throw pair;
    return pair;
  }

  /** What a client sees: a document that no longer fits is shown as it is stored, with its problems. */
  async get(scope: Scope, level: ConfigLevel): Promise<ConfigView> {
    const schema = schemaOf(scope, level);
    const pair = await this.repository.findPair(scope);
    return toView(schema, pair[level]);
  }

  /**
   * Merges `patch` into the stored document (RFC 7396) and stores the result if the whole fits the schema. Throws
   * `VALIDATION_FAILED`, or `CONFLICT` where `version` is given and is not the stored one. Nothing is lost either way.
   */
  async save(
    scope: Scope,
    level: ConfigLevel,
    patch: Record<string, unknown>,
    version?: number,
  ): Promise<ConfigView> {
    const schema = schemaOf(scope, level);
    const saved = await this.repository.save(scope, level, (stored) => {
      const current = stored?.version ?? 0;
      if (version !== undefined && version !== current) {
        throw new AppError(
          'CONFLICT',
          `The configuration was changed by somebody else: version ${current}. Read it and save again.`,
          {
            details: { version: current },
          },
        );
      }
      if (stored && stored.schemaVersion > schema.version) {
        throw new AppError(
          'CONFLICT',
          'The configuration was saved by a newer release of this server. Save it there, or update this one.',
        );
      }
      const next = checkDocument(schema, mergePatch(readDocument(schema, stored).config, patch));
      if (!next.ok)
        throw validationFailed(
          next.problems.map((problem) => ({ ...problem, field: joinField(problem.field) })),
        );
      if (Buffer.byteLength(JSON.stringify(next.config)) > maxDocumentBytes) {
        throw validationFailed([
          { field: 'config', problem: `must be at most ${maxDocumentBytes} bytes of JSON` },
        ]);
      }
      return { config: next.config, schemaVersion: schema.version };
    });
    return toView(schema, saved);
  }

  /** A document that does not fit is remembered as its error: it stays one until somebody saves it anew. */
  private async load(scope: Scope): Promise<EffectiveConfig | AppError> {
    const pair = await this.repository.findPair(scope);
    const team = readEffective(scope, 'team', pair.team);
    const user = readEffective(scope, 'user', pair.user);
    if (team instanceof AppError) return team;
    if (user instanceof AppError) return user;
    return { team, teamVersion: pair.team?.version ?? 0, user, userVersion: pair.user?.version ?? 0 };
  }
}

function readEffective(
  scope: Scope,
  level: ConfigLevel,
  stored: StoredConfig | null,
): Record<string, unknown> | AppError {
  const schema = appRegistry.find(scope.appId)?.[level];
  if (!schema) return {};
  const read = readDocument(schema, stored);
  if (read.ok) return read.config;
  return new AppError(
    'CONFLICT',
    `The stored ${level} configuration of ${scope.appId} no longer fits its schema. Read it, mend it and save it again.`,
    { details: { appId: scope.appId, level, fields: read.problems } },
  );
}

function schemaOf(scope: Scope, level: ConfigLevel): ConfigSchema {
  const schema = appRegistry.find(scope.appId)?.[level];
  if (!schema) throw notFound(`A ${level} configuration of this app`);
  return schema;
}

function joinField(field: string): string {
  return field ? `config.${field}` : 'config';
}

function toView(schema: ConfigSchema, stored: StoredConfig | null): ConfigView {
  const read = readDocument(schema, stored);
  return {
    config: read.config,
    version: stored?.version ?? 0,
    updatedAt: stored?.updatedAt.toISOString() ?? null,
    ...(read.ok ? {} : { problems: read.problems }),
  };
}
