import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { chatTeamConfig, type Scope } from '@kdx/shared';
import { AiStudioService } from '../../ai-studio';
import { AppConfigService } from '../../app-config';
import { AppError, notFound } from '../../platform/errors';
import {
  defaultPageSize,
  parseCursor,
  toPage,
  validationFailed,
  type JsonObject,
  type Page,
} from '../../platform/http';
import { toAgentSwitch, type AgentChange } from './agent-switching';
import type {
  AgentSwitchView,
  CreateSessionDto,
  FindMessagesDto,
  FindSessionsDto,
  MessageView,
  SessionAgentView,
  SessionChangesDto,
  SessionDetailsView,
  SessionView,
} from './chat.dto';
import type { ChatAgentSwitch, ChatMessage, ChatSession } from './chat.entities';
import { toEndedParts } from './ended-parts';
import { KnownSessions } from './known-sessions';
import { MessageRepository } from './message.repository';
import { SessionRepository, type SessionWithHistory } from './session.repository';

/** Conversations and what was said in them. */
@Injectable()
export class SessionService {
  constructor(
    @Inject(SessionRepository) private readonly sessions: SessionRepository,
    @Inject(MessageRepository) private readonly messages: MessageRepository,
    @Inject(AiStudioService) private readonly aiStudio: AiStudioService,
    @Inject(AppConfigService) private readonly configs: AppConfigService,
    @Inject(KnownSessions) private readonly known: KnownSessions,
  ) {}

  async create(
    scope: Scope,
    { title = '', modelId, agentId }: CreateSessionDto,
  ): Promise<SessionDetailsView> {
    const now = new Date();
    const agent = agentId === undefined ? null : await this.aiStudio.getAgent(scope, agentId);
    const session: ChatSession = {
      teamId: scope.teamId,
      userId: scope.userId,
      id: uuidv7(),
      title,
      titleSource: title === '' ? 'message' : 'user',
      modelId: modelId === undefined ? null : await this.toModelId(scope, modelId),
      agentId: agent?.id ?? null,
      agentName: agent?.name ?? null,
      agentVersion: agent?.version ?? null,
      createdAt: now,
      updatedAt: now,
    };
    const change = { scope, sessionId: session.id, agent, isLocked: true };
    const first = toAgentSwitch(change, { switches: [], lastMessageId: null });
    await this.sessions.insert(scope, session, first);
    this.known.remember(scope, { ...session, formerAgentName: null, hadAgent: first !== undefined });
    return this.toDetailsView(scope, { session, switches: first ? [first] : [] });
  }

  async list(scope: Scope, { cursor, limit = defaultPageSize }: FindSessionsDto): Promise<Page<SessionView>> {
    const rows = await this.sessions.list(scope, parseTimeCursor(cursor), limit + 1);
    const page = toPage(rows, limit, ({ updatedAt, id }) => [updatedAt.toISOString(), id]);
    return { ...page, items: page.items.map(toSessionView) };
  }

  async get(scope: Scope, id: string): Promise<SessionDetailsView> {
    const found = await this.sessions.findWithHistory(scope, id);
    if (!found) throw notFound('The conversation');
    return this.toDetailsView(scope, found);
  }

  /** Throws `NOT_FOUND`, `MODEL_NOT_AVAILABLE`, `TOKEN_MISSING` or `AGENT_LOCKED`. */
  async update(
    scope: Scope,
    id: string,
    { title, modelId, agentId }: SessionChangesDto,
  ): Promise<SessionDetailsView> {
    const session = await this.find(scope, id);
    const values = {
      ...(title === undefined ? {} : { title, titleSource: 'user' as const }),
      ...(modelId === undefined
        ? {}
        : { modelId: modelId === null ? null : await this.toModelId(scope, modelId) }),
    };
    const change = await this.toAgentChange(scope, session, agentId);
    const updated = await this.sessions.update(
      scope,
      id,
      values,
      change && ((history) => toAgentSwitch(change, history)),
    );
    this.known.forget(scope, id);
    if (!updated) throw notFound('The conversation');
    return this.toDetailsView(scope, updated);
  }

  async listMessages(
    scope: Scope,
    id: string,
    { cursor, limit = defaultPageSize }: FindMessagesDto,
  ): Promise<Page<MessageView>> {
    await this.find(scope, id);
    const rows = await this.messages.list(scope, id, parseCursor(cursor, 1)?.[0], limit + 1);
    const page = toPage(rows, limit, (message) => [message.id]);
    return { ...page, items: page.items.map(toMessageView) };
  }

  private async find(scope: Scope, id: string): Promise<ChatSession> {
    const session = await this.sessions.find(scope, id);
    if (!session) throw notFound('The conversation');
    return session;
  }

  /** `undefined` where the agent stays: one that was deleted may. */
  private async toAgentChange(
    scope: Scope,
    { id: sessionId, agentId: current }: ChatSession,
    agentId: string | null | undefined,
  ): Promise<AgentChange | undefined> {
    if (agentId === undefined || agentId === current) return undefined;
    if (agentId === null) return { scope, sessionId, agent: null, isLocked: false };
    const agent = await this.aiStudio.getAgent(scope, agentId);
    const { team } = await this.configs.getEffective(scope);
    const isLocked = chatTeamConfig.parse(team).agentSwitching === 'locked';
    return { scope, sessionId, agent, isLocked };
  }

  private async toDetailsView(
    scope: Scope,
    { session, switches }: SessionWithHistory,
  ): Promise<SessionDetailsView> {
    return {
      ...toSessionView(session),
      agent: await this.findAgent(scope, session),
      agentSwitches: switches.map(toAgentSwitchView),
    };
  }

  /** The agent of a conversation as it is now; a deleted one as it was when it last answered. */
  private async findAgent(
    scope: Scope,
    { agentId: id, agentName, agentVersion: version }: ChatSession,
  ): Promise<SessionAgentView | null> {
    if (id === null || agentName === null || version === null) return null;
    const live = await this.aiStudio.getAgent(scope, id).catch(ifNotFound);
    return { id, name: live?.name ?? agentName, version, isDeleted: !live };
  }

  /** A conversation keeps the id, so that a renamed provider does not lose it its model. */
  private async toModelId(scope: Scope, modelId: string): Promise<string> {
    return (await this.aiStudio.getModel(scope, modelId)).id;
  }
}

/** The time and the id that the last page ended with. */
function parseTimeCursor(cursor: string | undefined): string[] | undefined {
  const parts = parseCursor(cursor, 2);
  const [time = ''] = parts ?? [];
  if (parts && !(time.length === 24 && time === toTime(time)))
    throw validationFailed([{ field: 'cursor', problem: 'is not one that a list answered' }]);
  return parts;
}

/** As {@link Date.toISOString} spells it; `undefined` for what is no time. */
function toTime(text: string): string | undefined {
  const date = new Date(text);
  return Number.isNaN(date.valueOf()) ? undefined : date.toISOString();
}

function ifNotFound(error: unknown): undefined {
  if (!(error instanceof AppError && error.code === 'NOT_FOUND')) throw error;
}

function toSessionView({ id, title, modelId, agentId, createdAt, updatedAt }: ChatSession): SessionView {
  return {
    id,
    title,
    modelId,
    agentId,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

function toAgentSwitchView({
  agentId,
  agentName,
  agentVersion,
  afterMessageId,
  createdAt,
}: ChatAgentSwitch): AgentSwitchView {
  return { agentId, agentName, agentVersion, afterMessageId, at: createdAt.toISOString() };
}

export function toMessageView({
  id,
  role,
  parts,
  status,
  modelRef,
  executionId,
  error,
  createdAt,
}: ChatMessage): MessageView {
  return {
    id,
    role,
    // What a vanished process left is ended without being written anew.
    parts: (status === 'streaming' ? parts : toEndedParts(parts)) as JsonObject[], // of a JSON column
    status,
    ...(modelRef === null ? {} : { modelRef }),
    ...(executionId === null ? {} : { executionId }),
    ...(error === null ? {} : { error: error as JsonObject }), // of a JSON column
    createdAt: createdAt.toISOString(),
  };
}
