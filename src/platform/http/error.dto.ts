import { errorCodes, type ErrorCode } from '../errors';
import { EnumField, JsonObjectField, ObjectField, TextField } from './fields';
import type { JsonObject } from './json';

class ErrorBodyView {
  @EnumField(errorCodes, { description: 'For programs. The list is closed', example: 'NOT_FOUND' })
  code!: ErrorCode;
  @TextField({ max: 10_000, description: 'For people: what to do next', example: 'The agent was not found.' })
  message!: string;
  @JsonObjectField({ optional: true, description: 'For programs, by code', example: { fields: [] } })
  details?: JsonObject;
  @TextField({ max: 64, description: 'The same as in the header x-request-id; the log has it too' })
  requestId!: string;
}

/** Body of every answer that is no success. */
export class ErrorView {
  @ObjectField(() => ErrorBodyView) error!: ErrorBodyView;
}
