import { IntegerField, TextField, UuidField } from '../../platform/http';
import { RegenerateMessageDto, SendMessageToSessionDto } from '../sessions/chat.dto';

const eventId = { max: 24, example: '42.0f3c9a1b' };

/** How the API document describes the header. */
export const lastEventIdHeader = {
  name: 'Last-Event-ID',
  required: false,
  description: 'Id of the last event that you have; counts before after and offset',
  schema: { type: 'string', maxLength: 24 },
} as const;

/** How the API document describes the header under which a message is sent once. */
export const idempotencyKeyHeader = {
  name: 'Idempotency-Key',
  required: false,
  description:
    'Your own key for it, 1 to 200 visible characters: sent again, you get the same answer, and Idempotency-Replayed: true',
  schema: { type: 'string', minLength: 1, maxLength: 200 },
} as const;

/** `after` or `offset`, or none for the beginning. */
export class JoinStreamDto {
  @TextField({ ...eventId, optional: true, description: 'Id of the last event that you have' })
  after?: string;
  @IntegerField({
    optional: true,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    query: true,
    description:
      'How many bytes of the events you have; comments (lines that begin with a colon) do not count',
  })
  offset?: number;
}

/** tRPC */
export class ResumeMessageDto {
  @UuidField() sessionId!: string;
  @TextField({ ...eventId, optional: true, description: 'Id of the last event that you have' })
  lastEventId?: string;
}

/** tRPC: what REST takes as the header `Idempotency-Key`. */
const idempotencyKey = {
  max: 200,
  optional: true,
  description: 'Your own key for it, visible characters: sent again, you get the same answer',
};

/** tRPC */
export class SendMessageOnceDto extends SendMessageToSessionDto {
  @TextField(idempotencyKey) idempotencyKey?: string;
}

/** tRPC */
export class RegenerateMessageOnceDto extends RegenerateMessageDto {
  @TextField(idempotencyKey) idempotencyKey?: string;
}
