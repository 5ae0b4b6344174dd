import { Controller, Get, Headers, Inject, Param, Query, Res } from '@nestjs/common';
import { ApiHeader, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { chatApp } from '@kdx/shared';
import { CurrentCaller, RequirePermission, toScope, type Caller } from '../../identity';
import { UuidPipe } from '../../platform/http';
import { sendUiMessageStream, uiMessageStream } from '../answers/ui-message-stream';
import { JoinStreamDto, lastEventIdHeader } from './answer-stream.dto';
import { AnswerStreams } from './answer-streams';
import { toStreamPosition } from './stream-position';

@ApiTags('Chat')
@Controller('api/v1/chat/sessions')
export class AnswerStreamController {
  constructor(@Inject(AnswerStreams) private readonly streams: AnswerStreams) {}

  @Get(':sessionId/stream')
  @RequirePermission('chat.use')
  @ApiOperation({
    summary:
      'Join the answer that is running, from its beginning or where you left it; with a place, also the rest of one that ended minutes ago. 204 where there is nothing to read',
  })
  @ApiHeader(lastEventIdHeader)
  @ApiOkResponse(uiMessageStream)
  @ApiNoContentResponse({ description: 'No answer is running, and of the latest nothing is left to read' })
  async join(
    @CurrentCaller() caller: Caller,
    @Param('sessionId', UuidPipe) sessionId: string,
    @Query() query: JoinStreamDto,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const position = toStreamPosition(lastEventId, query);
    const stream = await this.streams.join(toScope(caller, chatApp), sessionId, position);
    if (stream) await sendUiMessageStream(reply, stream);
    else await reply.status(204).send();
  }
}
