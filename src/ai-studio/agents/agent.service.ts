import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { isUuid, type Scope, type TeamId } from '@kdx/shared';
import { AppError, notFound } from '../../platform/errors';
import {
  defaultPageSize,
  parseCursor,
  toPage,
  unknownCursor,
  validationFailed,
  type Page,
} from '../../platform/http';
import { parseModelName, toModelRef } from '../models/model-ref';
import type { ModelSettingsDto } from '../models/team-model.dto';
import type { ModelSettings } from '../models/team-model.entities';
import { TeamModelRepository } from '../models/team-model.repository';
import { applyChange, assertContent, toContent, type AgentChange, type AgentContent } from './agent-content';
import type {
  AgentChangesDto,
  AgentVariableDto,
  AgentVersionView,
  AgentView,
  CreateAgentDto,
  FindAgentsDto,
  FindAgentVersionsDto,
  RollBackAgentDto,
} from './agent.dto';
import type { AgentVariable, AgentVersion } from './agent.entities';
import { AgentRepository, type AgentRow } from './agent.repository';
import { toAvailableAgent, type AvailableAgent } from './available-agent';

/** A team's agents: each change is a version, and no version is ever changed. */
@Injectable()
export class AgentService {
  constructor(
    @Inject(AgentRepository) private readonly agents: AgentRepository,
    @Inject(TeamModelRepository) private readonly models: TeamModelRepository,
  ) {}

  async list(
    teamId: TeamId,
    { q, cursor, limit = defaultPageSize }: FindAgentsDto,
  ): Promise<Page<AgentView>> {
    const after = parseCursor(cursor, 2);
    const rows = await this.agents.list(teamId, { q, after, limit: limit + 1 });
    const page = toPage(rows, limit, ({ rank, id }) => [rank, id]);
    return { ...page, items: page.items.map(toView) };
  }

  async get(teamId: TeamId, id: string): Promise<AgentView> {
    return toView(await this.getRow(teamId, id));
  }

  /** All agents of a team, for a consumer, by name. */
  listAvailable(teamId: TeamId): Promise<AvailableAgent[]> {
    return this.agents.listAvailable(teamId);
  }

  /** Throws `NOT_FOUND`. */
  async getAvailable(teamId: TeamId, id: string): Promise<AvailableAgent> {
    return toAvailableAgent(await this.getRow(teamId, id));
  }

  /** Throws `VALIDATION_FAILED`, `NOT_FOUND` for a model or library that is none, `CONFLICT` for a name that is taken. */
  async create(
    scope: Scope,
    { name, instructions, description = '', modelId = null, settings = {}, ...lists }: CreateAgentDto,
  ): Promise<AgentView> {
    const { libraryIds = [], variables = [] } = lists;
    const content = {
      name,
      description,
      instructions,
      modelId: modelId === null ? null : await this.toModelId(scope.teamId, modelId),
      settings: toSettings(settings),
      libraryIds: toLibraryIds(libraryIds),
      variables: variables.map(toVariable),
    };
    assertContent(content);
    return toView(await this.agents.insert(scope, uuidv7(), content));
  }

  /**
   * Publishes a new version, or nothing where nothing changes. Throws what {@link create} throws, and `CONFLICT` where
   * `version` is given and is not the current one. Without it the last of two changes wins, field by field.
   */
  async update(scope: Scope, id: string, { version, ...changes }: AgentChangesDto): Promise<AgentView> {
    const read = await this.getRow(scope.teamId, id);
    const change = await this.toChange(scope.teamId, changes, read.modelId);
    const updated = await this.agents.publish(scope, id, (current) => {
      if (version !== undefined && version !== current.version) throw changedMeanwhile(current.version);
      const next = applyChange(current, change);
      assertContent(next);
      return next;
    });
    if (!updated) throw notFound('The agent');
    return toView(updated);
  }

  /**
   * Publishes an old version again, unless it says what the current one says. Throws `NOT_FOUND`, `CONFLICT` where
   * `currentVersion` is given and is not the current one, and `VALIDATION_FAILED` for what today's rules refuse.
   */
  async rollBack(
    scope: Scope,
    id: string,
    { version, currentVersion }: RollBackAgentDto,
  ): Promise<AgentView> {
    await this.getRow(scope.teamId, id);
    const old = await this.agents.findVersion(scope.teamId, id, version);
    if (!old) throw notFound('The version');
    const next = { ...toContent(old), rolledBackFrom: version };
    assertContent(next);
    const updated = await this.agents.publish(scope, id, (current) => {
      if (currentVersion !== undefined && currentVersion !== current.version)
        throw changedMeanwhile(current.version);
      return next;
    });
    if (!updated) throw notFound('The agent');
    return toView(updated);
  }

  /** Throws `NOT_FOUND`. Executions and conversations keep the versions that they name. */
  async delete(scope: Scope, id: string): Promise<void> {
    if (!(await this.agents.delete(scope, id))) throw notFound('The agent');
  }

  /** Newest first, also of a deleted agent. */
  async listVersions(
    teamId: TeamId,
    id: string,
    { cursor, limit = defaultPageSize }: FindAgentVersionsDto,
  ): Promise<Page<AgentVersionView>> {
    const before = parseVersionCursor(cursor, id);
    const rows = await this.agents.listVersions(teamId, id, before, limit + 1);
    if (!rows) throw notFound('The agent');
    const page = toPage(rows, limit, ({ version }) => [String(version), id]);
    return { ...page, items: page.items.map(toVersionView) };
  }

  private async getRow(teamId: TeamId, id: string): Promise<AgentRow> {
    const row = await this.agents.find(teamId, id);
    if (!row) throw notFound('The agent');
    return row;
  }

  /** A model that stays may be gone: it is not looked for again. */
  private async toChange(
    teamId: TeamId,
    { modelId, settings, libraryIds, variables, ...texts }: Omit<AgentChangesDto, 'version'>,
    modelNow: string | null,
  ): Promise<AgentChange> {
    const stays = modelId === undefined || modelId === null || modelId === modelNow;
    return {
      ...texts,
      modelId: stays ? modelId : await this.toModelId(teamId, modelId),
      settings: settings && toSettings(settings),
      libraryIds: libraryIds && toLibraryIds(libraryIds),
      variables: variables?.map(toVariable),
    };
  }

  /** An agent keeps the id, so that a renamed provider does not lose it its model. It need not be usable now. */
  private async toModelId(teamId: TeamId, modelId: string): Promise<string> {
    const model = await this.models.find(teamId, parseModelName(modelId));
    if (!model) throw notFound('The model');
    if (model.purpose !== 'chat') {
      const ref = toModelRef(model.providerId, model.modelKey);
      throw new AppError(
        'MODEL_NOT_AVAILABLE',
        `${ref} is for ${model.purpose}, not for chat: choose another model.`,
        { details: { modelRef: ref } },
      );
    }
    return model.id;
  }
}

function changedMeanwhile(version: number): AppError {
  return new AppError(
    'CONFLICT',
    `The agent was changed by somebody else: version ${version}. Read it and save again.`,
    { details: { version } },
  );
}

/** There are no libraries yet, so none is found. Throws `VALIDATION_FAILED` for what is no id. */
function toLibraryIds(ids: string[]): string[] {
  if (!ids.every(isUuid)) throw validationFailed([{ field: 'libraryIds', problem: 'must be UUIDs' }]);
  if (ids.length > 0) throw notFound('A library');
  return ids;
}

/** As JSON stores it: a plain object of what was given, without the DTO's prototype. */
function toSettings(settings: ModelSettingsDto): ModelSettings {
  return JSON.parse(JSON.stringify(settings)) as ModelSettings; // JSON of a ModelSettings is one
}

function toVariable({ name, description, default: value }: AgentVariableDto): AgentVariable {
  return { name, ...(description === undefined ? {} : { description }), default: value };
}

/** The version that the last page ended with. A cursor of another agent's list is none of this one's. */
function parseVersionCursor(cursor: string | undefined, agentId: string): number | undefined {
  const [version, id] = parseCursor(cursor, 2) ?? [];
  if (version === undefined) return undefined;
  if (id !== agentId || !/^[1-9]\d{0,8}$/.test(version)) throw unknownCursor();
  return Number(version);
}

function toContentView(
  row: AgentContent & { version: number },
): Omit<AgentVersionView, 'createdBy' | 'createdAt'> {
  return { version: row.version, ...toContent(row) };
}

function toView(row: AgentRow): AgentView {
  const { id, createdAt, updatedAt } = row;
  return {
    id,
    ...toContentView(row),
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

function toVersionView(row: AgentVersion): AgentVersionView {
  const { rolledBackFrom, createdBy, createdAt } = row;
  return {
    ...toContentView(row),
    ...(rolledBackFrom === null ? {} : { rolledBackFrom }),
    createdBy,
    createdAt: createdAt.toISOString(),
  };
}
