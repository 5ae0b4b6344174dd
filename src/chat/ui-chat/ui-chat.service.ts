import { Inject, Injectable } from '@nestjs/common';
import type { Scope } from '@kdx/shared';
import { AnswerService, type Sending, type SentMessage } from '../answers/answer.service';
import { AnswerStops } from '../answers/answer-stops';
import { toNewTurn, type Turn } from '../answers/turn';
import { readParts, type SentUserMessage } from '../answers/user-message';
import { notFound } from '../../platform/errors';
import { validationFailed, type JsonObject } from '../../platform/http';
import { BranchRepository } from '../sessions/branch.repository';
import type { MessageView } from '../sessions/chat.dto';
import type { ChatMessage, ChatSession } from '../sessions/chat.entities';
import { SessionRepository } from '../sessions/session.repository';
import { SessionService } from '../sessions/session.service';
import { AnswerStreams, type AnswerStream } from '../streams/answer-streams';
import type { StreamPosition } from '../streams/stream-position';
import type { UiChatDto, UiMessageView } from './ui-chat.dto';
import { toUiMessageView } from './ui-message-view';

/** A chat's id stands in the path of its stream. */
const notIds = new Set(['sessions', 'folders', '.', '..']);
/** How many of a client's messages are looked for, from the last one back, to find one that is stored. */
const maxLookedBack = 20;
/** Of a conversation that is shown from the beginning again. */
const maxLoaded = 1_000;

/**
 * Speaks with `useChat` as it speaks by default: conversations and messages go by the client's ids, and it sends all
 * that it shows. Of that the new message is taken, and where it goes; the history is the server's own.
 */
@Injectable()
export class UiChatService {
  constructor(
    @Inject(AnswerService) private readonly answers: AnswerService,
    @Inject(AnswerStops) private readonly stops: AnswerStops,
    @Inject(SessionService) private readonly conversations: SessionService,
    @Inject(SessionRepository) private readonly sessions: SessionRepository,
    @Inject(BranchRepository) private readonly branches: BranchRepository,
    @Inject(AnswerStreams) private readonly streams: AnswerStreams,
  ) {}

  /** Answers a new, an edited or an old question. Throws `VALIDATION_FAILED`, `NOT_FOUND`, and what `AnswerService.send` throws. */
  async send(scope: Scope, request: UiChatDto, sending?: Sending): Promise<SentMessage> {
    if (notIds.has(request.id))
      throw validationFailed([{ field: 'id', problem: 'is part of an address here: choose another' }]);
    return request.trigger === 'regenerate-message'
      ? this.regenerate(scope, request, sending)
      : this.submit(scope, request, readLast(request.messages), sending);
  }

  /** What `AnswerStreams.join` gives of this chat; `undefined` also where nothing was said in it yet. */
  async join(scope: Scope, chatId: string, position: StreamPosition): Promise<AnswerStream | undefined> {
    const session = await this.sessions.findNamed(scope, chatId);
    return session && this.streams.join(scope, session.id, position);
  }

  /** Ends the running answer; `undefined` where none is. Throws `NOT_FOUND`. */
  async stop(scope: Scope, chatId: string): Promise<MessageView | undefined> {
    return this.stops.stop(scope, (await this.get(scope, chatId)).id);
  }

  /** The last messages of what is shown, oldest first: what `useChat` begins with after a reload. Throws `NOT_FOUND`. */
  async listMessages(scope: Scope, chatId: string): Promise<UiMessageView[]> {
    const { id, headMessageId } = await this.get(scope, chatId);
    if (headMessageId === null) return [];
    const ids = await this.branches.listIds(scope, id, headMessageId);
    const after = ids.at(-maxLoaded - 1);
    const messages = await this.branches.listPage(scope, id, {
      leafId: headMessageId,
      after,
      limit: maxLoaded,
    });
    return messages.map(toUiMessageView);
  }

  /** A question that never was stored, since nothing could answer it, is asked as a new one. */
  private async regenerate(scope: Scope, request: UiChatDto, sending?: Sending): Promise<SentMessage> {
    const { id, messages, messageId, modelId } = request;
    const session = await this.sessions.findNamed(scope, id);
    const name = messageId ?? idOf(messages.at(-1));
    const message = session && name !== undefined && (await this.branches.findNamed(scope, session.id, name));
    if (session && message) return this.answers.regenerate(scope, session.id, message.id, modelId, sending);
    if (messages.at(-1)?.role !== 'user') throw notFound('The message to answer again');
    return this.submit(scope, { ...request, messageId: undefined }, readLast(messages), sending);
  }

  private async submit(
    scope: Scope,
    request: UiChatDto,
    question: SentUserMessage,
    sending?: Sending,
  ): Promise<SentMessage> {
    const session = await this.sessions.findNamed(scope, request.id);
    if (session) {
      const turn = await this.toTurn(scope, session, request, question);
      return this.answers.answer(scope, session.id, turn, sending);
    }
    const begun = await this.begin(scope, request);
    try {
      return await this.answers.answer(scope, begun, toNewTurn(question, null, request.modelId), sending);
    } catch (error) {
      await this.conversations.deleteEmpty(scope, begun); // where nothing was stored, nothing was begun
      throw error;
    }
  }

  /** Of two first messages at one moment one begins the conversation, the other goes on in it. */
  private async begin(scope: Scope, { id, agentId, folderId }: UiChatDto): Promise<string> {
    const begun = await this.conversations.begin(scope, { agentId, folderId }, id);
    return begun?.id ?? (await this.get(scope, id)).id;
  }

  private async toTurn(
    scope: Scope,
    session: ChatSession,
    { messages, messageId, modelId }: UiChatDto,
    question: SentUserMessage,
  ): Promise<Turn> {
    const edited =
      messageId === undefined ? undefined : await this.branches.findNamed(scope, session.id, messageId);
    if (!edited) {
      const before = await this.findBefore(scope, session.id, messages);
      return toNewTurn(question, before?.id ?? null, modelId);
    }
    if (edited.role !== 'user')
      throw validationFailed([
        { field: 'messageId', problem: 'must be a message of the user: only these are edited' },
      ]);
    // The client goes on to call the edited message by the name of the old one.
    const isRenamed = question.clientId === messageId;
    const turn = toNewTurn(isRenamed ? { ...question, clientId: null } : question, edited.parentId, modelId);
    return isRenamed ? { ...turn, takenName: messageId } : turn;
  }

  /** The nearest message before the last that is stored: what could not be sent is in the client's list, too. */
  private async findBefore(
    scope: Scope,
    sessionId: string,
    messages: JsonObject[],
  ): Promise<ChatMessage | undefined> {
    for (const message of messages.slice(0, -1).slice(-maxLookedBack).toReversed()) {
      const id = idOf(message);
      const found = id === undefined ? undefined : await this.branches.findNamed(scope, sessionId, id);
      if (found) return found;
    }
    return undefined;
  }

  private async get(scope: Scope, chatId: string): Promise<ChatSession> {
    const session = await this.sessions.findNamed(scope, chatId);
    if (!session) throw notFound('The conversation');
    return session;
  }
}

const maxId = 100;

function idOf(message: JsonObject | undefined): string | undefined {
  const id = message?.id;
  return typeof id === 'string' && id !== '' && id.length <= maxId ? id : undefined;
}

/** The new message. Throws `VALIDATION_FAILED`. */
function readLast(messages: JsonObject[]): SentUserMessage {
  const field = `messages.${Math.max(messages.length - 1, 0)}`;
  const refuse = (name: string, problem: string): never => {
    throw validationFailed([{ field: name, problem }]);
  };
  const last = messages.at(-1);
  if (!last) return refuse('messages', 'must hold the new message');
  if (last.role !== 'user') return refuse(`${field}.role`, 'must be user: the last message is the new one');
  const { parts } = last;
  if (!Array.isArray(parts) || parts.length > 100)
    return refuse(`${field}.parts`, 'must be a list of at most 100');
  if (last.id !== undefined && idOf(last) === undefined)
    return refuse(`${field}.id`, `must be a text of 1 to ${maxId} characters`);
  const objects = parts.map((part, index) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? part
      : refuse(`${field}.parts.${index}`, 'must be an object'),
  );
  return readParts({ id: idOf(last), parts: objects }, field);
}
