import { Module } from '@nestjs/common';
import { AiStudioModule } from '../ai-studio';
import { AppConfigModule } from '../app-config';
import { AnswerPump } from './answers/answer-pump';
import { AnswerService } from './answers/answer.service';
import { AnswerStops } from './answers/answer-stops';
import { StopRequests } from './answers/stop-requests.repository';
import { ModelChooser } from './answers/model-chooser';
import { RunningAnswers } from './answers/running-answers';
import { ChatController } from './chat.controller';
import { ConversationController } from './conversation.controller';
import { ExportService } from './exports/export.service';
import { ChatRouter } from './chat.router';
import { FileCopies } from './files/file-copies';
import { FileRepository } from './files/file.repository';
import { FileService } from './files/file.service';
import { ModelMessages } from './files/model-messages';
import { FolderController } from './folders/folder.controller';
import { FolderRepository } from './folders/folder.repository';
import { FolderService } from './folders/folder.service';
import { BranchRepository } from './sessions/branch.repository';
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
import { SearchRepository } from './sessions/search.repository';
import { SessionRepository } from './sessions/session.repository';
import { SessionService } from './sessions/session.service';
import { AbandonedAnswers } from './streams/abandoned-answers.repository';
import { AnswerLog } from './streams/answer-log.repository';
import { AnswerReaders } from './streams/answer-readers';
import { AnswerRecovery } from './streams/answer-recovery';
import { AnswerStreamController } from './streams/answer-stream.controller';
import { AnswerStreams } from './streams/answer-streams';
import { FollowedAnswers } from './streams/followed-answers';
import { IdempotencyKeys } from './streams/idempotency.repository';
import { UiChatController } from './ui-chat/ui-chat.controller';
import { UiChatService } from './ui-chat/ui-chat.service';

/** Conversations: the first executor, and the pattern for others. */
@Module({
  imports: [AiStudioModule, AppConfigModule],
  controllers: [
    ChatController,
    ConversationController,
    AnswerStreamController,
    FolderController,
    UiChatController,
  ],
  providers: [
    SessionRepository,
    KnownSessions,
    MessageRepository,
    BranchRepository,
    SearchRepository,
    FolderRepository,
    FolderService,
    FileRepository,
    FileService,
    FileCopies,
    ExportService,
    UiChatService,
    ModelMessages,
    StopRequests,
    SessionService,
    ContextRepository,
    ContextService,
    ContextViewService,
    HelperModel,
    HelperQueue,
    TitleService,
    SummaryService,
    HelperService,
    ModelChooser,
    AnswerLog,
    AbandonedAnswers,
    AnswerRecovery,
    RunningAnswers,
    FollowedAnswers,
    AnswerReaders,
    AnswerStreams,
    IdempotencyKeys,
    AnswerPump,
    AnswerService,
    AnswerStops,
    ChatRouter,
  ],
})
export class ChatModule {}
