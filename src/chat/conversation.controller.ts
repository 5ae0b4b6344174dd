import { Body, Controller, Get, Headers, HttpCode, Inject, Param, Post, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { chatApp } from '@kdx/shared';
import { CurrentCaller, RequirePermission, toScope, type Caller } from '../identity';
import { MayAnswer, toPacedBody, UuidPipe } from '../platform/http';
import { AnswerService } from './answers/answer.service';
import { sendAnswer, uiMessageStream } from './answers/ui-message-stream';
import { ExportDto } from './exports/export.dto';
import { ExportService } from './exports/export.service';
import { inertContent, toFileHeaders } from './files/file-headers';
import { FileService } from './files/file.service';
import { takenMediaTypes } from './files/media-types';
import { RegenerateDto } from './sessions/chat.dto';
import { idempotencyKeyHeader } from './streams/answer-stream.dto';
import { toSendOnce } from './streams/send-once';

const bytes = { schema: { type: 'string', format: 'binary' } };

/** What is done with messages of a conversation beside sending and reading them. */
@ApiTags('Chat')
@Controller('api/v1/chat/sessions/:sessionId')
export class ConversationController {
  constructor(
    @Inject(AnswerService) private readonly answers: AnswerService,
    @Inject(ExportService) private readonly exports: ExportService,
    @Inject(FileService) private readonly files: FileService,
  ) {}

  @Post('messages/:messageId/regenerate')
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
  @ApiOperation({ summary: 'Answer a question again. The new answer stands beside the others, and is shown' })
  @ApiHeader(idempotencyKeyHeader)
  @ApiOkResponse(uiMessageStream)
  async regenerate(
    @CurrentCaller() caller: Caller,
    @Param('sessionId', UuidPipe) sessionId: string,
    @Param('messageId', UuidPipe) messageId: string,
    @Body() body: RegenerateDto,
    @Headers('idempotency-key') key: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { modelId } = body;
    const once = toSendOnce(key, 'idempotency-key', sessionId, { messageId, modelId });
    const scope = toScope(caller, chatApp);
    const sent = await this.answers.regenerate(scope, sessionId, messageId, modelId, { once });
    await sendAnswer(reply, sent);
  }

  @Get('export')
  @RequirePermission('chat.use')
  @ApiOperation({ summary: 'Export a conversation: what is shown as Markdown, or all of it as JSON' })
  @ApiOkResponse({
    description: 'The conversation, as a file',
    content: {
      'text/markdown': { schema: { type: 'string' } },
      'application/json': { schema: { type: 'object' } },
    },
  })
  async export(
    @CurrentCaller() caller: Caller,
    @Param('sessionId', UuidPipe) sessionId: string,
    @Query() { format = 'markdown' }: ExportDto,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { mediaType, disposition, body } = await this.exports.export(
      toScope(caller, chatApp),
      sessionId,
      format,
    );
    await reply
      .headers({
        'content-type': mediaType,
        'content-disposition': disposition,
        'content-security-policy': inertContent,
      })
      .send(toPacedBody(reply, body));
  }

  @Get('files/:fileId')
  @RequirePermission('chat.use')
  @ApiOperation({ summary: 'Get a file of a message' })
  @ApiOkResponse({
    description: 'The bytes, as they were sent',
    content: Object.fromEntries(takenMediaTypes.map((mediaType) => [mediaType, bytes])),
  })
  async getFile(
    @CurrentCaller() caller: Caller,
    @Param('sessionId', UuidPipe) sessionId: string,
    @Param('fileId', UuidPipe) fileId: string,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const file = await this.files.get(toScope(caller, chatApp), sessionId, fileId);
    await reply.headers(toFileHeaders(file)).send(file.content);
  }
}
