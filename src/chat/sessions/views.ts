import type { JsonObject } from '../../platform/http';
import type { BranchMessage } from './branch.repository';
import type {
  AgentSwitchView,
  BranchMessageView,
  ListedSessionView,
  MessageView,
  SessionView,
} from './chat.dto';
import type { ChatAgentSwitch, ChatMessage, ChatSession } from './chat.entities';
import { toEndedParts } from './ended-parts';
import type { SessionHit } from './search.repository';

/* What clients get of conversations and messages. */

export function toSessionView({
  id,
  title,
  modelId,
  agentId,
  folderId,
  headMessageId,
  createdAt,
  updatedAt,
}: ChatSession): SessionView {
  return {
    id,
    title,
    modelId,
    agentId,
    folderId,
    headMessageId,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

/** What a search found says where, too. */
export function toListedView(session: ChatSession | SessionHit): ListedSessionView {
  const view = toSessionView(session);
  if (!('snippet' in session)) return view;
  const { messageId, snippet } = session;
  return { ...view, match: { messageId, snippet } };
}

export function toAgentSwitchView({
  agentId,
  agentName,
  agentVersion,
  afterMessageId,
  createdAt,
}: ChatAgentSwitch): AgentSwitchView {
  return { agentId, agentName, agentVersion, afterMessageId, at: createdAt.toISOString() };
}

export function toBranchMessageView({ message, siblings }: BranchMessage): BranchMessageView {
  return { ...toMessageView(message), siblings };
}

export function toMessageView({
  id,
  parentId,
  role,
  parts,
  status,
  modelRef,
  triedModels,
  executionId,
  error,
  createdAt,
}: ChatMessage): MessageView {
  return {
    id,
    parentId,
    role,
    // What a vanished process left is ended without being written anew.
    parts: (status === 'streaming' ? parts : toEndedParts(parts)) as JsonObject[], // of a JSON column
    status,
    ...(modelRef === null ? {} : { modelRef }),
    ...(triedModels === null ? {} : { triedModels }),
    ...(executionId === null ? {} : { executionId }),
    ...(error === null ? {} : { error: error as JsonObject }), // of a JSON column
    createdAt: createdAt.toISOString(),
  };
}
