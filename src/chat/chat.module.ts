import { Module } from '@nestjs/common';
import { AiStudioModule } from '../ai-studio';
import { AppConfigModule } from '../app-config';
import { AnswerPump } from './answers/answer-pump';
import { AnswerService } from './answers/answer.service';
import { StopRequests } from './answers/stop-requests.repository';
import { ModelChooser } from './answers/model-chooser';
import { RunningAnswers } from './answers/running-answers';
import { ChatController } from './chat.controller';
import { ChatRouter } from './chat.router';
import { KnownSessions } from './sessions/known-sessions';
import { MessageRepository } from './sessions/message.repository';
import { SessionRepository } from './sessions/session.repository';
import { SessionService } from './sessions/session.service';
import { AbandonedAnswers } from './streams/abandoned-answers.repository';
import { AnswerLog } from './streams/answer-log.repository';
import { AnswerRecovery } from './streams/answer-recovery';
import { AnswerStreamController } from './streams/answer-stream.controller';
import { AnswerStreams } from './streams/answer-streams';
import { FollowedAnswers } from './streams/followed-answers';
import { IdempotencyKeys } from './streams/idempotency.repository';

/** Conversations: the first executor, and the pattern for others. */
@Module({
  imports: [AiStudioModule, AppConfigModule],
  controllers: [ChatController, AnswerStreamController],
  providers: [
    SessionRepository,
    KnownSessions,
    MessageRepository,
    StopRequests,
    SessionService,
    ModelChooser,
    AnswerLog,
    AbandonedAnswers,
    AnswerRecovery,
    RunningAnswers,
    FollowedAnswers,
    AnswerStreams,
    IdempotencyKeys,
    AnswerPump,
    AnswerService,
    ChatRouter,
  ],
})
export class ChatModule {}
