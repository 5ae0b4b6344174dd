import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { Scope } from '@kdx/shared';
import { AiStudioService } from '../../ai-studio';
import { notFound } from '../../platform/errors';
import { defaultPageSize, parseCursor, toPage, type JsonObject, type Page } from '../../platform/http';
import type {
  CreateSessionDto,
  FindMessagesDto,
  FindSessionsDto,
  MessageView,
  SessionChangesDto,
  SessionView,
} from './chat.dto';
import type { ChatMessage, ChatSession } from './chat.entities';
import { toEndedParts } from './ended-parts';
import { MessageRepository } from './message.repository';
import { SessionRepository } from './session.repository';

/** Conversations and what was said in them. */
@Injectable()
export class SessionService {
  constructor(
    @Inject(SessionRepository) private readonly sessions: SessionRepository,
    @Inject(MessageRepository) private readonly messages: MessageRepository,
    @Inject(AiStudioService) private readonly aiStudio: AiStudioService,
  ) {}

  async create(scope: Scope, { title = '', modelId }: CreateSessionDto): Promise<SessionView> {
    const now = new Date();
    const session: ChatSession = {
      teamId: scope.teamId,
      userId: scope.userId,
      id: uuidv7(),
      title,
      modelId: modelId === undefined ? null : await this.toModelId(scope, modelId),
      createdAt: now,
      updatedAt: now,
    };
    await this.sessions.insert(scope, session);
    return toSessionView(session);
  }

  async list(scope: Scope, { cursor, limit = defaultPageSize }: FindSessionsDto): Promise<Page<SessionView>> {
    const rows = await this.sessions.list(scope, parseCursor(cursor, 2), limit + 1);
    const page = toPage(rows, limit, ({ updatedAt, id }) => [updatedAt.toISOString(), id]);
    return { ...page, items: page.items.map(toSessionView) };
  }

  async get(scope: Scope, id: string): Promise<SessionView> {
    return toSessionView(await this.find(scope, id));
  }

  async update(scope: Scope, id: string, { title, modelId }: SessionChangesDto): Promise<SessionView> {
    await this.find(scope, id);
    const updated = await this.sessions.update(scope, id, {
      ...(title === undefined ? {} : { title }),
      ...(modelId === undefined
        ? {}
        : { modelId: modelId === null ? null : await this.toModelId(scope, modelId) }),
    });
    if (!updated) throw notFound('The conversation');
    return toSessionView(updated);
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

  /** A conversation keeps the id, so that a renamed provider does not lose it its model. */
  private async toModelId(scope: Scope, modelId: string): Promise<string> {
    return (await this.aiStudio.getModel(scope, modelId)).id;
  }
}

function toSessionView({ id, title, modelId, createdAt, updatedAt }: ChatSession): SessionView {
  return { id, title, modelId, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() };
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
