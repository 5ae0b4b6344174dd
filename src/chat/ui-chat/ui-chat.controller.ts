import { Body, Controller, Get, Headers, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { chatApp } from '@kdx/shared';
import { CurrentCaller, RequirePermission, toScope, type Caller } from '../../identity';
import { forgetRequest, MayAnswer } from '../../platform/http';
import { sendAnswer, sendUiMessageStream, uiMessageStream } from '../answers/ui-message-stream';
import { MessageView } from '../sessions/chat.dto';
import { idempotencyKeyHeader, JoinStreamDto, lastEventIdHeader } from '../streams/answer-stream.dto';
import { toSendOnce } from '../streams/send-once';
import { toStreamPosition } from '../streams/stream-position';
import { UiChatDto, UiMessageView } from './ui-chat.dto';
import { UiChatService } from './ui-chat.service';

/** The door of the AI SDK's chat clients: `new DefaultChatTransport({ api: '/api/v1/chat' })` knows these paths. */
@ApiTags('Chat')
@Controller('api/v1/chat')
export class UiChatController {
  constructor(@Inject(UiChatService) private readonly chats: UiChatService) {}

  @Post()
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
  @ApiOperation({ summary: "Send, edit or regenerate as useChat's default transport does" })
  @ApiHeader(idempotencyKeyHeader)
  @ApiOkResponse(uiMessageStream)
  async send(
    @CurrentCaller() caller: Caller,
    @Body() body: UiChatDto,
    @Headers('idempotency-key') key: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const once = toSendOnce(key, 'idempotency-key', body.id, body);
    const onStored = () => forgetRequest(reply.request, body);
    const sent = await this.chats.send(toScope(caller, chatApp), body, { once, onStored });
    await sendAnswer(reply, sent);
  }

  @Get(':chatId/stream')
  @RequirePermission('chat.use')
  @ApiOperation({
    summary: 'Resume as useChat does: the answer that is running, from its beginning or where you left it',
  })
  @ApiHeader(lastEventIdHeader)
  @ApiOkResponse(uiMessageStream)
  @ApiNoContentResponse({ description: 'No answer is running, or nothing was said in this chat yet' })
  async join(
    @CurrentCaller() caller: Caller,
    @Param('chatId') chatId: string,
    @Query() query: JoinStreamDto,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const position = toStreamPosition(lastEventId, query);
    const stream = await this.chats.join(toScope(caller, chatApp), chatId, position);
    if (stream) await sendUiMessageStream(reply, stream);
    else await reply.status(204).send();
  }

  @Get(':chatId/messages')
  @RequirePermission('chat.use')
  @ApiOperation({ summary: 'Load the messages that are shown, as useChat takes them: the last 1,000' })
  @ApiOkResponse({ type: UiMessageView, isArray: true })
  listMessages(@CurrentCaller() caller: Caller, @Param('chatId') chatId: string): Promise<UiMessageView[]> {
    return this.chats.listMessages(toScope(caller, chatApp), chatId);
  }

  @Post(':chatId/stop')
  @HttpCode(200)
  @RequirePermission('chat.use')
  @ApiOperation({ summary: "Stop the running answer of a chat: useChat's stop() only stops listening" })
  @ApiOkResponse({ type: MessageView })
  @ApiNoContentResponse({ description: 'No answer is running' })
  async stop(
    @CurrentCaller() caller: Caller,
    @Param('chatId') chatId: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const message = await this.chats.stop(toScope(caller, chatApp), chatId);
    await (message ? reply.send(message) : reply.status(204).send());
  }
}
