import { Module } from '@nestjs/common';
import { AiStudioModule } from '../ai-studio';
import { AppConfigModule } from '../app-config';
import { AnswerPump } from './answers/answer-pump';
import { AnswerService } from './answers/answer.service';
import { StopRequests } from './answers/stop-requests.repository';
import { ModelChooser } from './answers/model-chooser';
import { ChatController } from './chat.controller';
import { ChatRouter } from './chat.router';
import { BranchRepository } from './context/branch.repository';
import { ContextRepository } from './context/context.repository';
import { ContextViewService } from './context/context-view.service';
import { ContextService } from './context/context.service';
import { HelperModel } from './context/helper-model';
import { HelperQueue } from './context/helper-queue';
import { HelperService } from './context/helper.service';
import { SummaryService } from './context/summary.service';
import { TitleService } from './context/title.service';
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
    BranchRepository,
    ContextRepository,
    ContextService,
    ContextViewService,
    HelperModel,
    HelperQueue,
    TitleService,
    SummaryService,
    HelperService,
    ModelChooser,
    AnswerPump,
    AnswerService,
    ChatRouter,
  ],
})
export class ChatModule {}
