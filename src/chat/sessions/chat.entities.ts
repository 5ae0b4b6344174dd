import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { TriedModel } from '../../ai-studio';

export const messageStatuses = ['complete', 'streaming', 'stopped', 'interrupted', 'failed'] as const;
export type MessageStatus = (typeof messageStatuses)[number];

/** A conversation of one user in one team. */
@Entity('chat_session')
export class ChatSession {
  @PrimaryColumn('uuid', { name: 'team_id' })
  teamId!: string;

  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @Column('text')
  title!: string;

  /** Where the title is from: the beginning of the first message, a model, or a person, whose title nothing overwrites. */
  @Column('text', { name: 'title_source' })
  titleSource!: 'message' | 'generated' | 'user';

  /** Model of the conversation; `null` follows the user's preference, then the agent's, then the team's default. */
  @Column('uuid', { name: 'model_id', nullable: true })
  modelId!: string | null;

  /** Agent of the conversation, which may be deleted; `null` is none. */
  @Column('uuid', { name: 'agent_id', nullable: true })
  agentId!: string | null;

  /** Name and version that the agent gave its last answer in, or was set in: with them it goes on where it is deleted. */
  @Column('text', { name: 'agent_name', nullable: true })
  agentName!: string | null;

  @Column('integer', { name: 'agent_version', nullable: true })
  agentVersion!: number | null;

  @Column('uuid', { name: 'folder_id', nullable: true })
  folderId!: string | null;

  /** Last message of the branch that is shown; `null` where nothing was said. */
  @Column('uuid', { name: 'head_message_id', nullable: true })
  headMessageId!: string | null;

  /** The id that a chat client has for it (`useChat` makes its own). */
  @Column('text', { name: 'client_id', nullable: true })
  clientId!: string | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}

/** A change of a conversation's agent: its whole history, from the first agent on. Never changed. */
@Entity('chat_agent_switch')
export class ChatAgentSwitch {
  @PrimaryColumn('uuid', { name: 'team_id' })
  teamId!: string;

  @PrimaryColumn('uuid', { name: 'session_id' })
  sessionId!: string;

  /** Made in order. */
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'user_id' })
  userId!: string;

  /** The agent from here on; `null` is none. */
  @Column('uuid', { name: 'agent_id', nullable: true })
  agentId!: string | null;

  @Column('text', { name: 'agent_name', nullable: true })
  agentName!: string | null;

  @Column('integer', { name: 'agent_version', nullable: true })
  agentVersion!: number | null;

  /** Name of the agent that the model has to be told it is no more; `null` where there is none. */
  @Column('text', { name: 'from_agent_name', nullable: true })
  fromAgentName!: string | null;

  /** The last message before it; `null` where there was none. */
  @Column('uuid', { name: 'after_message_id', nullable: true })
  afterMessageId!: string | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}

/** A message, stored whole as the AI SDK's `UIMessage` parts. Ids are made in order, so they sort a conversation. */
@Entity('chat_message')
export class ChatMessage {
  @PrimaryColumn('uuid', { name: 'team_id' })
  teamId!: string;

  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'session_id' })
  sessionId!: string;

  @Column('uuid', { name: 'user_id' })
  userId!: string;

  /** The message before it in its branch; `null` begins one. Never changed: what follows a message hangs on it. */
  @Column('uuid', { name: 'parent_id', nullable: true })
  parentId!: string | null;

  @Column('text')
  role!: 'user' | 'assistant';

  @Column('jsonb')
  parts!: object[];

  @Column('text')
  status!: MessageStatus;

  @Column('text', { name: 'model_ref', nullable: true })
  modelRef!: string | null;

  /** Models that came before the one that answered, and why they did not answer. */
  @Column('jsonb', { name: 'tried_models', nullable: true })
  triedModels!: TriedModel[] | null;

  @Column('uuid', { name: 'execution_id', nullable: true })
  executionId!: string | null;

  /** The id that the client gave its message: the same one twice is one message. */
  @Column('text', { name: 'client_id', nullable: true })
  clientId!: string | null;

  /** What a failed answer failed with: code, message, details. */
  @Column('jsonb', { nullable: true })
  error!: object | null;

  /** For the search in what is shown: computed by the database. */
  @Column({ type: 'tsvector', select: false, insert: false, update: false, nullable: true })
  words?: string | null;

  /** The process that streams it. */
  @Column('bigint', { name: 'instance_id', nullable: true })
  instanceId!: number | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'updated_at' })
  updatedAt!: Date;
}
