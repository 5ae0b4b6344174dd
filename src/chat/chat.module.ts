import { Module } from '@nestjs/common';
import { AiStudioModule } from '../ai-studio';
import { AppConfigModule } from '../app-config';
import { AnswerPump } from './answers/answer-pump';
import { AnswerService } from './answers/answer.service';
import { StopRequests } from './answers/stop-requests.repository';
import { ModelChooser } from './answers/model-chooser';
import { ChatController } from './chat.controller';
import { ChatRouter } from './chat.router';
import { KnownSessions } from './sessions/known-sessions';
import { MessageRepository } from './sessions/message.repository';
import { SessionRepository } from './sessions/session.repository';
import { SessionService } from './sessions/session.service';

/** Conversations: the first executor, and the pattern for others. */
@Module({
  imports: [AiStudioModule, AppConfigModule],
  controllers: [ChatController],
  providers: [
    SessionRepository,
    KnownSessions,
    MessageRepository,
    StopRequests,
    SessionService,
    ModelChooser,
    AnswerPump,
    AnswerService,
    ChatRouter,
  ],
})
export class ChatModule {}
