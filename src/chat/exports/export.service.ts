import { Inject, Injectable } from '@nestjs/common';
import type { Scope } from '@kdx/shared';
import { Directory } from '../../identity';
import { notFound } from '../../platform/errors';
import { BranchRepository } from '../sessions/branch.repository';
import type { ChatMessage, ChatSession } from '../sessions/chat.entities';
import { MessageRepository } from '../sessions/message.repository';
import { SessionRepository } from '../sessions/session.repository';
import { toMessageView, toSessionView } from '../sessions/views';
import { contentDisposition } from './content-disposition';
import type { ExportFormat } from './export.dto';
import { toMarkdownHead, toMarkdownMessage } from './markdown';

/** A conversation to be kept elsewhere: its text comes page by page, as fast as it is read. */
export interface ConversationExport {
  mediaType: string;
  disposition: string;
  body: AsyncGenerator<string>;
}

const pageSize = 100;

/** Writes conversations out: Markdown of what is shown, JSON of all branches. */
@Injectable()
export class ExportService {
  constructor(
    @Inject(SessionRepository) private readonly sessions: SessionRepository,
    @Inject(BranchRepository) private readonly branches: BranchRepository,
    @Inject(MessageRepository) private readonly messages: MessageRepository,
    @Inject(Directory) private readonly directory: Directory,
  ) {}

  /** Throws `NOT_FOUND`. */
  async export(scope: Scope, sessionId: string, format: ExportFormat): Promise<ConversationExport> {
    const session = await this.sessions.find(scope, sessionId);
    if (!session) throw notFound('The conversation');
    const name = session.title || 'Conversation';
    if (format === 'json') {
      const body = this.toJson(scope, session);
      return {
        mediaType: 'application/json',
        disposition: contentDisposition('attachment', `${name}.json`),
        body,
      };
    }
    const body = this.toMarkdown(scope, session);
    return {
      mediaType: 'text/markdown; charset=utf-8',
      disposition: contentDisposition('attachment', `${name}.md`),
      body,
    };
  }

  private async *toMarkdown(scope: Scope, session: ChatSession): AsyncGenerator<string> {
    yield toMarkdownHead(session);
    if (session.headMessageId === null) return;
    const ids = await this.branches.listIds(scope, session.id, session.headMessageId);
    for (let from = 0; from < ids.length; from += pageSize) {
      if (from > 0) await this.assertBelongs(scope);
      const page = await this.branches.listByIds(scope, session.id, ids.slice(from, from + pageSize));
      if (page.length < Math.min(pageSize, ids.length - from)) throw notFound('The conversation'); // deleted meanwhile
      for (const message of page) yield toMarkdownMessage(message);
    }
  }

  private async *toJson(scope: Scope, session: ChatSession): AsyncGenerator<string> {
    yield `{"conversation":${JSON.stringify(toSessionView(session))},"messages":[`;
    let separator = '';
    for await (const message of this.listAll(scope, session.id)) {
      yield `${separator}\n${JSON.stringify(toMessageView(message))}`;
      separator = ',';
    }
    if (!(await this.sessions.find(scope, session.id))) throw notFound('The conversation'); // deleted meanwhile
    yield '\n]}\n';
  }

  private async *listAll(scope: Scope, sessionId: string): AsyncGenerator<ChatMessage> {
    for (let after: string | undefined; ;) {
      const page = await this.messages.list(scope, sessionId, after, pageSize);
      yield* page;
      after = page.at(-1)?.id;
      if (page.length < pageSize) return;
      await this.assertBelongs(scope);
    }
  }

  /** Who has left the team meanwhile gets no further page; the answer is cut, so that it does not look whole. */
  private async assertBelongs(scope: Scope): Promise<void> {
    if (!(await this.directory.belongs(scope))) throw notFound('The conversation');
  }
}
