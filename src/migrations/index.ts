import { Roles1763800000000 } from './1763800000000-roles';
import { Identity1763800001000 } from './1763800001000-identity';
import { AppConfig1763800002000 } from './1763800002000-app-config';
import { AiStudio1763800003000 } from './1763800003000-ai-studio';
import { Chat1763800004000 } from './1763800004000-chat';
import { BuiltInProviders1763800005000 } from './1763800005000-built-in-providers';
import { ModelCatalogue1763900000000 } from './1763900000000-model-catalogue';
import { Agents1764000000000 } from './1764000000000-agents';
import { Prompts1764000001000 } from './1764000001000-prompts';
import { ChatAgents1764000002000 } from './1764000002000-chat-agents';
import { Audit1764100000000 } from './1764100000000-audit';
import { Keys1764200000000 } from './1764200000000-keys';
import { ApiKeys1764300000000 } from './1764300000000-api-keys';
import { AuditHardening1764310000000 } from './1764310000000-audit-hardening';
import { Streams1764400000000 } from './1764400000000-streams';
import { Conversations1764410000000 } from './1764410000000-conversations';
import { ChatContext1764420000000 } from './1764420000000-chat-context';
import { KeepAnOwner1764430000000 } from './1764430000000-keep-an-owner';
import { ConversationsByKey1764440000000 } from './1764440000000-conversations-by-key';
import { LedgerByTime1764450000000 } from './1764450000000-ledger-by-time';

/** The one time line of the database, oldest first. A migration that has been released is never edited. */
export const migrations = [
  Roles1763800000000,
  Identity1763800001000,
  AppConfig1763800002000,
  AiStudio1763800003000,
  Chat1763800004000,
  BuiltInProviders1763800005000,
  ModelCatalogue1763900000000,
  Agents1764000000000,
  Prompts1764000001000,
  ChatAgents1764000002000,
  Audit1764100000000,
  Keys1764200000000,
  ApiKeys1764300000000,
  AuditHardening1764310000000,
  Streams1764400000000,
  Conversations1764410000000,
  ChatContext1764420000000,
  KeepAnOwner1764430000000,
  ConversationsByKey1764440000000,
  LedgerByTime1764450000000,
];
