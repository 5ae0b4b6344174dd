import { Body, Controller, Get, HttpCode, Inject, Param, Post, Res } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { chatApp } from '@kdx/shared';
import { CurrentCaller, RequirePermission, toScope, type Caller } from '../../identity';
import { MayAnswer } from '../../platform/http';
import { sendUiMessageStream, uiMessageStream } from '../answers/ui-message-stream';
import { MessageView } from '../sessions/chat.dto';
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
  @ApiOkResponse(uiMessageStream)
  async send(
    @CurrentCaller() caller: Caller,
    @Body() body: UiChatDto,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await sendUiMessageStream(reply, await this.chats.send(toScope(caller, chatApp), body));
  }

  @Get(':chatId/stream')
  @RequirePermission('chat.use')
  @ApiOperation({ summary: 'Resume as useChat does: the answer that is running, from its beginning' })
  @ApiOkResponse(uiMessageStream)
  @ApiNoContentResponse({ description: 'No answer is running, or nothing was said in this chat yet' })
  async join(
    @CurrentCaller() caller: Caller,
    @Param('chatId') chatId: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const chunks = await this.chats.join(toScope(caller, chatApp), chatId);
    if (chunks) await sendUiMessageStream(reply, chunks);
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
