import { Inject } from '@nestjs/common';
import { tracked, type TrackedEnvelope } from '@trpc/server';
import type { UIMessageChunk } from 'ai';
import { Ctx, Input, Mutation, Query, Router, Subscription } from 'nestjs-trpc';
import { chatApp } from '@kdx/shared';
import type { PromptPreviewView } from '../ai-studio';
import { needs, toScope, type CallerContext } from '../identity';
import { AppError, toTrpcError } from '../platform/errors';
import { dto } from '../platform/http';
import { AnswerService } from './answers/answer.service';
import { AnswerStops } from './answers/answer-stops';
import { toChunks } from './answers/ui-message-stream';
import {
  CreateFolderDto,
  FolderNameDto,
  UpdateNamedFolderDto,
  type FolderListView,
  type FolderView,
} from './folders/folder.dto';
import { FolderService } from './folders/folder.service';
import { ExportSessionDto } from './exports/export.dto';
import { ExportService } from './exports/export.service';
import { FileNameDto, type FileView } from './files/file.dto';
import { FileService } from './files/file.service';
import { MessageNameDto, type ContextView } from './context/context.dto';
import { ContextViewService } from './context/context-view.service';
import {
  CreateSessionDto,
  FindMessagesOfSessionDto,
  FindSessionsDto,
  SessionNameDto,
  UpdateNamedSessionDto,
  type MessagePageView,
  type MessageView,
  type SessionDetailsView,
  type SessionPageView,
} from './sessions/chat.dto';
import { SessionService } from './sessions/session.service';
import { AnswerStreams } from './streams/answer-streams';
import { RegenerateMessageOnceDto, ResumeMessageDto, SendMessageOnceDto } from './streams/answer-stream.dto';
import { toSendOnce } from './streams/send-once';
import { toStreamPosition } from './streams/stream-position';

@Router({ alias: 'chat' })
export class ChatRouter {
  constructor(
    @Inject(SessionService) private readonly sessions: SessionService,
    @Inject(AnswerService) private readonly answers: AnswerService,
    @Inject(AnswerStops) private readonly stops: AnswerStops,
    @Inject(AnswerStreams) private readonly streams: AnswerStreams,
    @Inject(FolderService) private readonly folders: FolderService,
    @Inject(ContextViewService) private readonly contexts: ContextViewService,
    @Inject(ExportService) private readonly exports: ExportService,
    @Inject(FileService) private readonly files: FileService,
  ) {}

  @Mutation({ input: dto(CreateSessionDto), meta: needs('chat.use') })
  createSession(
    @Input() input: CreateSessionDto,
    @Ctx() { caller }: CallerContext,
  ): Promise<SessionDetailsView> {
    return this.sessions.create(toScope(caller, chatApp), input);
  }

  @Query({ input: dto(FindSessionsDto), meta: needs('chat.use') })
  findSessions(@Input() input: FindSessionsDto, @Ctx() { caller }: CallerContext): Promise<SessionPageView> {
    return this.sessions.list(toScope(caller, chatApp), input);
  }

  @Query({ input: dto(SessionNameDto), meta: needs('chat.use') })
  getSession(
    @Input() { sessionId }: SessionNameDto,
    @Ctx() { caller }: CallerContext,
  ): Promise<SessionDetailsView> {
    return this.sessions.get(toScope(caller, chatApp), sessionId);
  }

  @Mutation({ input: dto(UpdateNamedSessionDto), meta: needs('chat.use') })
  updateSession(
    @Input() { sessionId, ...changes }: UpdateNamedSessionDto,
    @Ctx() { caller }: CallerContext,
  ): Promise<SessionDetailsView> {
    return this.sessions.update(toScope(caller, chatApp), sessionId, changes);
  }

  @Mutation({ input: dto(SessionNameDto), meta: needs('chat.use') })
  deleteSession(@Input() { sessionId }: SessionNameDto, @Ctx() { caller }: CallerContext): Promise<void> {
    return this.stops.deleteSession(toScope(caller, chatApp), sessionId);
  }

  @Query({ input: dto(FindMessagesOfSessionDto), meta: needs('chat.use') })
  getMessages(
    @Input() { sessionId, ...page }: FindMessagesOfSessionDto,
    @Ctx() { caller }: CallerContext,
  ): Promise<MessagePageView> {
    return this.sessions.listMessages(toScope(caller, chatApp), sessionId, page);
  }

  @Query({ input: dto(MessageNameDto), meta: needs('chat.use') })
  getContext(
    @Input() { sessionId, messageId }: MessageNameDto,
    @Ctx() { caller }: CallerContext,
  ): Promise<ContextView> {
    return this.contexts.get(toScope(caller, chatApp), sessionId, messageId);
  }

  @Query({ input: dto(SessionNameDto), meta: needs('chat.use') })
  getSystemPrompt(
    @Input() { sessionId }: SessionNameDto,
    @Ctx() { caller }: CallerContext,
  ): Promise<PromptPreviewView> {
    return this.answers.previewPrompt(toScope(caller, chatApp), sessionId);
  }

  /** Yields the chunks that REST streams. Give it a key: a client that reconnects sends its input again. */
  @Subscription({ input: dto(SendMessageOnceDto), meta: needs('chat.use') })
  async *sendMessage(
    @Input() { sessionId, idempotencyKey, ...message }: SendMessageOnceDto,
    @Ctx() { caller }: CallerContext,
  ): AsyncGenerator<UIMessageChunk> {
    try {
      const once = toSendOnce(idempotencyKey, 'idempotencyKey', sessionId, message);
      const sent = await this.answers.send(toScope(caller, chatApp), sessionId, message, { once });
      for await (const { chunk } of toChunks(sent)) yield chunk;
    } catch (error) {
      throw toTrpcError(error);
    }
  }

  /** The chunks of the running answer, each under the id of its event; tRPC's client goes on behind the last by itself. */
  @Subscription({ input: dto(ResumeMessageDto), meta: needs('chat.use') })
  async *resumeMessage(
    @Input() { sessionId, lastEventId }: ResumeMessageDto,
    @Ctx() { caller }: CallerContext,
  ): AsyncGenerator<TrackedEnvelope<UIMessageChunk>> {
    try {
      const position = toStreamPosition(lastEventId, {});
      const stream = await this.streams.join(toScope(caller, chatApp), sessionId, position);
      if (stream) for await (const { id, chunk } of toChunks(stream)) yield tracked(id, chunk);
    } catch (error) {
      throw toTrpcError(error);
    }
  }

  /** Yields the chunks of another answer to a question. Give it a key: a client that reconnects sends its input again. */
  @Subscription({ input: dto(RegenerateMessageOnceDto), meta: needs('chat.use') })
  async *regenerate(
    @Input() { sessionId, messageId, modelId, idempotencyKey }: RegenerateMessageOnceDto,
    @Ctx() { caller }: CallerContext,
  ): AsyncGenerator<UIMessageChunk> {
    try {
      const once = toSendOnce(idempotencyKey, 'idempotencyKey', sessionId, { messageId, modelId });
      const scope = toScope(caller, chatApp);
      const sent = await this.answers.regenerate(scope, sessionId, messageId, modelId, { once });
      for await (const { chunk } of toChunks(sent)) yield chunk;
    } catch (error) {
      throw toTrpcError(error);
    }
  }

  /** Yields the text of the file, piece by piece; tRPC's client goes on behind the last piece by itself. */
  @Subscription({ input: dto(ExportSessionDto), meta: needs('chat.use') })
  async *exportSession(
    @Input() { sessionId, format = 'markdown', lastEventId = 0 }: ExportSessionDto,
    @Ctx() { caller }: CallerContext,
  ): AsyncGenerator<TrackedEnvelope<string>> {
    try {
      const { body } = await this.exports.export(toScope(caller, chatApp), sessionId, format);
      let number = 0;
      for await (const piece of body) {
        number += 1;
        if (number > lastEventId) yield tracked(String(number), piece);
      }
    } catch (error) {
      throw toTrpcError(error);
    }
  }

  /** Alone in its request: a batch is answered at once, and files may be large. */
  @Query({ input: dto(FileNameDto), meta: needs('chat.use') })
  async getFile(
    @Input() { sessionId, fileId }: FileNameDto,
    @Ctx() { caller, batchSize }: CallerContext,
  ): Promise<FileView> {
    if (batchSize > 1) throw notInBatch();
    const { id, mediaType, filename, content } = await this.files.get(
      toScope(caller, chatApp),
      sessionId,
      fileId,
    );
    return { id, mediaType, filename, content: content.toString('base64') };
  }

  @Query({ meta: needs('chat.use') })
  findFolders(@Ctx() { caller }: CallerContext): Promise<FolderListView> {
    return this.folders.list(toScope(caller, chatApp));
  }

  @Mutation({ input: dto(CreateFolderDto), meta: needs('chat.use') })
  createFolder(@Input() { name }: CreateFolderDto, @Ctx() { caller }: CallerContext): Promise<FolderView> {
    return this.folders.create(toScope(caller, chatApp), name);
  }

  @Mutation({ input: dto(UpdateNamedFolderDto), meta: needs('chat.use') })
  updateFolder(
    @Input() { folderId, name }: UpdateNamedFolderDto,
    @Ctx() { caller }: CallerContext,
  ): Promise<FolderView> {
    return this.folders.rename(toScope(caller, chatApp), folderId, name);
  }

  @Mutation({ input: dto(FolderNameDto), meta: needs('chat.use') })
  deleteFolder(@Input() { folderId }: FolderNameDto, @Ctx() { caller }: CallerContext): Promise<void> {
    return this.folders.delete(toScope(caller, chatApp), folderId);
  }

  /** The stored answer; `null` where none was running. */
  @Mutation({ input: dto(SessionNameDto), meta: needs('chat.use') })
  async stop(
    @Input() { sessionId }: SessionNameDto,
    @Ctx() { caller }: CallerContext,
  ): Promise<MessageView | null> {
    return (await this.stops.stop(toScope(caller, chatApp), sessionId)) ?? null;
  }
}

function notInBatch(): AppError {
  return new AppError(
    'VALIDATION_FAILED',
    'A file is asked for by a request of its own. Send chat.getFile through httpLink, not httpBatchLink.',
  );
}
