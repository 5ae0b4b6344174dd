import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { chatTeamConfig, isUuid, type Scope } from '@kdx/shared';
import { AiStudioService } from '../../ai-studio';
import { AppConfigService } from '../../app-config';
import { AppError, notFound } from '../../platform/errors';
import {
  defaultPageSize,
  parseCursor,
  parseTimeCursor,
  toPage,
  type Page,
  unknownCursor,
  validationFailed,
} from '../../platform/http';
import { toAgentSwitch, type AgentChange } from './agent-switching';
import type {
  BranchMessageView,
  CreateSessionDto,
  FindMessagesDto,
  FindSessionsDto,
  ListedSessionView,
  SessionAgentView,
  SessionChangesDto,
  SessionDetailsView,
} from './chat.dto';
import type { ChatSession } from './chat.entities';
import { KnownSessions } from './known-sessions';
import { FolderService } from '../folders/folder.service';
import { BranchRepository } from './branch.repository';
import { SearchRepository, type SessionHit } from './search.repository';
import { SessionRepository, type SessionWithHistory } from './session.repository';
import { toAgentSwitchView, toBranchMessageView, toListedView, toSessionView } from './views';

/** Conversations and what was said in them. */
@Injectable()
export class SessionService {
  constructor(
    @Inject(SessionRepository) private readonly sessions: SessionRepository,
    @Inject(BranchRepository) private readonly branches: BranchRepository,
    @Inject(SearchRepository) private readonly search: SearchRepository,
    @Inject(FolderService) private readonly folders: FolderService,
    @Inject(AiStudioService) private readonly aiStudio: AiStudioService,
    @Inject(AppConfigService) private readonly configs: AppConfigService,
    @Inject(KnownSessions) private readonly known: KnownSessions,
  ) {}

  async create(
    scope: Scope,
    { title = '', modelId, agentId, folderId }: CreateSessionDto,
    clientId: string | null = null,
  ): Promise<SessionDetailsView> {
    if (folderId !== undefined) await this.folders.assertOwn(scope, folderId);
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
      folderId: folderId ?? null,
      headMessageId: null,
      clientId,
      createdAt: now,
      updatedAt: now,
    };
    const change = { scope, sessionId: session.id, agent, isLocked: true };
    const first = toAgentSwitch(change, { switches: [], lastMessageId: null });
    await this.sessions.insert(scope, session, first);
    this.known.remember(scope, { ...session, formerAgentName: null, hadAgent: first !== undefined });
    return this.toDetailsView(scope, { session, switches: first ? [first] : [] });
  }

  /** Begins a conversation that a chat client has an id of its own for; `undefined` where there is one of that id by now. */
  begin(scope: Scope, values: CreateSessionDto, clientId: string): Promise<SessionDetailsView | undefined> {
    return this.create(scope, values, clientId).catch(ifTaken);
  }

  /** Takes back what was begun, where nothing was said in it. */
  async deleteEmpty(scope: Scope, id: string): Promise<void> {
    this.known.forget(scope, id);
    await this.sessions.deleteEmpty(scope, id);
  }

  /** Latest first, also of what is found. */
  async list(
    scope: Scope,
    { q, folderId, cursor, limit = defaultPageSize }: FindSessionsDto,
  ): Promise<Page<ListedSessionView>> {
    const filter = { folderId: toFolderFilter(folderId), after: parseTimeCursor(cursor), limit: limit + 1 };
    const rows: (ChatSession | SessionHit)[] =
      q === undefined ? await this.sessions.list(scope, filter) : await this.search.find(scope, q, filter);
    const page = toPage(rows, limit, ({ updatedAt, id }) => [updatedAt.toISOString(), id]);
    return { ...page, items: page.items.map(toListedView) };
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
    { title, modelId, agentId, folderId, headMessageId }: SessionChangesDto,
  ): Promise<SessionDetailsView> {
    const session = await this.find(scope, id);
    if (typeof folderId === 'string') await this.folders.assertOwn(scope, folderId);
    const values = {
      ...(title === undefined ? {} : { title, titleSource: 'user' as const }),
      ...(modelId === undefined
        ? {}
        : { modelId: modelId === null ? null : await this.toModelId(scope, modelId) }),
      ...(folderId === undefined ? {} : { folderId }),
      ...(headMessageId === undefined ? {} : { headMessageId: await this.getLeaf(scope, id, headMessageId) }),
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
    { branch, cursor, limit = defaultPageSize }: FindMessagesDto,
  ): Promise<Page<BranchMessageView>> {
    const { headMessageId } = await this.find(scope, id);
    const [before, after] = parseBranchCursor(cursor) ?? [];
    const leafId = before ?? (branch === undefined ? headMessageId : await this.getLeaf(scope, id, branch));
    if (leafId === null) return { items: [] };
    const rows = await this.branches.listPage(scope, id, { leafId, after, limit: limit + 1 });
    const page = toPage(rows, limit, ({ message }) => [leafId, message.id]);
    return { ...page, items: page.items.map(toBranchMessageView) };
  }

  /** The newest end of the branch through a message. */
  private async getLeaf(scope: Scope, id: string, messageId: string): Promise<string> {
    const leaf = await this.branches.findLeaf(scope, id, messageId);
    if (leaf === undefined) throw notFound('The message');
    return leaf;
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

/** The leaf of the branch that is read, and the last message of the page before: the branch stays, whatever is shown meanwhile. */
function parseBranchCursor(cursor: string | undefined): string[] | undefined {
  const parts = parseCursor(cursor, 2);
  if (parts && !parts.every(isUuid)) throw unknownCursor();
  return parts;
}

function toFolderFilter(folderId: string | undefined): string | null | undefined {
  if (folderId === undefined || isUuid(folderId)) return folderId;
  if (folderId === 'none') return null;
  throw validationFailed([{ field: 'folderId', problem: 'must be a UUID, or none' }]);
}

/** The unique index says so. */
function ifTaken(error: unknown): undefined {
  const driver = error instanceof Error && 'driverError' in error ? error.driverError : undefined;
  const constraint = driver instanceof Error && 'constraint' in driver ? driver.constraint : undefined;
  if (constraint !== 'chat_session_client_id') throw error;
}

function ifNotFound(error: unknown): undefined {
  if (!(error instanceof AppError && error.code === 'NOT_FOUND')) throw error;
}
