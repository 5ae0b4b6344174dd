import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Inject,
  Param,
  Patch,
  Post,
  Query,
  Res,
} from '@nestjs/common';
import {
  ApiCreatedResponse,
  ApiHeader,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { chatApp } from '@kdx/shared';
import { PromptPreviewView } from '../ai-studio';
import { CurrentCaller, RequirePermission, toScope, type Caller } from '../identity';
import { forgetRequest, MayAnswer, UuidPipe } from '../platform/http';
import { AnswerService } from './answers/answer.service';
import { AnswerStops } from './answers/answer-stops';
import { sendAnswer, uiMessageStream } from './answers/ui-message-stream';
import { idempotencyKeyHeader } from './streams/answer-stream.dto';
import { toSendOnce } from './streams/send-once';
import { ContextView } from './context/context.dto';
import { ContextViewService } from './context/context-view.service';
import {
  CreateSessionDto,
  FindMessagesDto,
  FindSessionsDto,
  MessagePageView,
  MessageView,
  SendMessageDto,
  SessionDetailsView,
  SessionPageView,
  UpdateSessionDto,
} from './sessions/chat.dto';
import { SessionService } from './sessions/session.service';

@ApiTags('Chat')
@Controller('api/v1/chat/sessions')
export class ChatController {
  constructor(
    @Inject(SessionService) private readonly sessions: SessionService,
    @Inject(AnswerService) private readonly answers: AnswerService,
    @Inject(AnswerStops) private readonly stops: AnswerStops,
    @Inject(ContextViewService) private readonly contexts: ContextViewService,
  ) {}

  @Get()
  @RequirePermission('chat.use')
  @ApiOperation({ summary: 'List your conversations in this team, or find some by words, latest first' })
  @ApiOkResponse({ type: SessionPageView })
  list(@CurrentCaller() caller: Caller, @Query() query: FindSessionsDto): Promise<SessionPageView> {
    return this.sessions.list(toScope(caller, chatApp), query);
  }

  @Post()
  @RequirePermission('chat.use')
  @MayAnswer('MODEL_NOT_AVAILABLE', 'TOKEN_MISSING')
  @ApiOperation({ summary: 'Begin a conversation' })
  @ApiCreatedResponse({ type: SessionDetailsView })
  create(@CurrentCaller() caller: Caller, @Body() body: CreateSessionDto): Promise<SessionDetailsView> {
    return this.sessions.create(toScope(caller, chatApp), body);
  }

  @Get(':sessionId')
  @RequirePermission('chat.use')
  @ApiOperation({ summary: 'Read a conversation, with the history of its agents' })
  @ApiOkResponse({ type: SessionDetailsView })
  get(
    @CurrentCaller() caller: Caller,
    @Param('sessionId', UuidPipe) sessionId: string,
  ): Promise<SessionDetailsView> {
    return this.sessions.get(toScope(caller, chatApp), sessionId);
  }

  @Patch(':sessionId')
  @RequirePermission('chat.use')
  @MayAnswer('MODEL_NOT_AVAILABLE', 'TOKEN_MISSING', 'AGENT_LOCKED')
  @ApiOperation({
    summary:
      'Rename or move a conversation, show another branch, change its model, set or take away its agent',
  })
  @ApiOkResponse({ type: SessionDetailsView })
  update(
    @CurrentCaller() caller: Caller,
    @Param('sessionId', UuidPipe) sessionId: string,
    @Body() body: UpdateSessionDto,
  ): Promise<SessionDetailsView> {
    return this.sessions.update(toScope(caller, chatApp), sessionId, body);
  }

  @Delete(':sessionId')
  @HttpCode(204)
  @RequirePermission('chat.use')
  @ApiOperation({ summary: 'Delete a conversation with its messages' })
  @ApiNoContentResponse()
  delete(@CurrentCaller() caller: Caller, @Param('sessionId', UuidPipe) sessionId: string): Promise<void> {
    return this.stops.deleteSession(toScope(caller, chatApp), sessionId);
  }

  @Get(':sessionId/messages')
  @RequirePermission('chat.use')
  @ApiOperation({ summary: 'Read the messages of the branch that is shown, or of another, oldest first' })
  @ApiOkResponse({ type: MessagePageView })
  listMessages(
    @CurrentCaller() caller: Caller,
    @Param('sessionId', UuidPipe) sessionId: string,
    @Query() query: FindMessagesDto,
  ): Promise<MessagePageView> {
    return this.sessions.listMessages(toScope(caller, chatApp), sessionId, query);
  }

  @Post(':sessionId/messages')
  @HttpCode(200)
  @RequirePermission('chat.use')
  @MayAnswer(
    'MODEL_NOT_AVAILABLE',
    'NO_DEFAULT_MODEL',
    'TOKEN_MISSING',
    'TOKEN_UNREADABLE',
    'EGRESS_REFUSED',
    'PROVIDER_FAILED',
  )
  @ApiOperation({
    summary: "Send a message. The answer streams back in the AI SDK's UI message stream protocol",
  })
  @ApiHeader(idempotencyKeyHeader)
  @ApiOkResponse(uiMessageStream)
  async send(
    @CurrentCaller() caller: Caller,
    @Param('sessionId', UuidPipe) sessionId: string,
    @Body() body: SendMessageDto,
    @Headers('idempotency-key') key: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const once = toSendOnce(key, 'idempotency-key', sessionId, body);
    const onStored = () => forgetRequest(reply.request, body);
    const sent = await this.answers.send(toScope(caller, chatApp), sessionId, body, { once, onStored });
    await sendAnswer(reply, sent);
  }

  @Get(':sessionId/messages/:messageId/context')
  @RequirePermission('chat.use')
  @ApiOperation({
    summary: 'Show what the model of an answer was sent: which messages, and what stood for the others',
  })
  @ApiOkResponse({ type: ContextView })
  getContext(
    @CurrentCaller() caller: Caller,
    @Param('sessionId', UuidPipe) sessionId: string,
    @Param('messageId', UuidPipe) messageId: string,
  ): Promise<ContextView> {
    return this.contexts.get(toScope(caller, chatApp), sessionId, messageId);
  }

  @Get(':sessionId/prompt')
  @RequirePermission('chat.use')
  @MayAnswer('MODEL_NOT_AVAILABLE', 'NO_DEFAULT_MODEL', 'TOKEN_MISSING')
  @ApiOperation({ summary: 'Show the system prompt that your next message would be answered under' })
  @ApiOkResponse({ type: PromptPreviewView })
  previewPrompt(
    @CurrentCaller() caller: Caller,
    @Param('sessionId', UuidPipe) sessionId: string,
  ): Promise<PromptPreviewView> {
    return this.answers.previewPrompt(toScope(caller, chatApp), sessionId);
  }

  @Post(':sessionId/stop')
  @HttpCode(200)
  @RequirePermission('chat.use')
  @ApiOperation({ summary: 'Stop the running answer; what it said is kept. 204 where none is running' })
  @ApiOkResponse({ type: MessageView })
  @ApiNoContentResponse({ description: 'No answer is running' })
  async stop(
    @CurrentCaller() caller: Caller,
    @Param('sessionId', UuidPipe) sessionId: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const message = await this.stops.stop(toScope(caller, chatApp), sessionId);
    await (message ? reply.send(message) : reply.status(204).send());
  }
}
