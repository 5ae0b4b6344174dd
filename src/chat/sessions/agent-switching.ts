import { v7 as uuidv7 } from 'uuid';
import type { Scope } from '@kdx/shared';
import { AppError } from '../../platform/errors';
import type { ChatAgentSwitch } from './chat.entities';

/** Changes of agent that are read of a conversation: the latest. */
export const maxAgentSwitches = 200;

/** The agent that a conversation is to have. */
export interface AgentChange {
  scope: Scope;
  sessionId: string;
  /** `null` for none. */
  agent: { id: string; name: string; version: number } | null;
  /** Whether the team keeps a conversation from going from one agent to another. */
  isLocked: boolean;
}

/** What was before. */
export interface AgentHistory {
  /** Oldest first. */
  switches: ChatAgentSwitch[];
  /** `null` where nothing was said yet. */
  lastMessageId: string | null;
}

/**
 * What a change adds to the history; `undefined` where the conversation has that agent. The first agent and none are
 * always allowed. Throws `AGENT_LOCKED` for another than the last one, also where that was taken away in between.
 */
export function toAgentSwitch(
  { scope, sessionId, agent, isLocked }: AgentChange,
  history: AgentHistory,
): ChatAgentSwitch | undefined {
  const { switches, lastMessageId } = history;
  const agentId = agent?.id ?? null;
  if (agentId === (switches.at(-1)?.agentId ?? null)) return undefined;
  const had = switches.findLast((before) => before.agentId !== null);
  if (isLocked && had && agentId !== null && agentId !== had.agentId) throw agentLocked(had);
  return {
    teamId: scope.teamId,
    userId: scope.userId,
    sessionId,
    id: uuidv7(),
    agentId,
    agentName: agent?.name ?? null,
    agentVersion: agent?.version ?? null,
    fromAgentName: findFormerName(history, agentId),
    afterMessageId: lastMessageId,
    createdAt: new Date(),
  };
}

/** Of the agent that spoke last, where it is another. One that was set and changed before a word was said is none. */
function findFormerName({ switches, lastMessageId }: AgentHistory, agentId: string | null): string | null {
  const ends = [...switches.slice(1).map(({ afterMessageId }) => afterMessageId), lastMessageId];
  const former = switches.findLast(
    (had, index) => had.agentId !== null && had.afterMessageId !== ends[index],
  );
  return former && former.agentId !== agentId ? former.agentName : null;
}

function agentLocked({ agentId, agentName }: ChatAgentSwitch): AppError {
  return new AppError(
    'AGENT_LOCKED',
    'This conversation has had another agent, and this team lets none be changed. Begin another conversation, or let an admin allow it (PUT /api/v1/app-config/chat/team with { "config": { "agentSwitching": "allowed" } }).',
    { details: { agentId, agentName, agentSwitching: 'locked' } },
  );
}
