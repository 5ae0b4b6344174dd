import type { JsonObject } from '../../platform/http';
import type { BranchMessage } from '../sessions/branch.repository';
import { toMessageView } from '../sessions/views';
import type { UiMessageView } from './ui-chat.dto';

/** As `useChat` takes it: questions by the client's own ids, and what is not of the protocol in the metadata. */
export function toUiMessageView({ message, siblings }: BranchMessage): UiMessageView {
  const { id, role, parts, ...rest } = toMessageView(message);
  const { sessionId, clientId } = message;
  return { id: clientId ?? id, role, parts, metadata: toJsonObject({ sessionId, ...rest, siblings }) };
}

function toJsonObject(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject; // just serialised
}
