import {
  BooleanField,
  EnumField,
  IntegerField,
  ObjectField,
  ObjectListField,
  TextField,
  TimeField,
  UuidField,
} from '../../platform/http';

/** Messages that are listed of each kind: the latest. */
export const maxListedMessages = 1_000;

const tokens = { min: 0, max: 1_000_000_000 };
const count = { min: 0, max: 2_147_483_647 };
const modelRef = { max: 400, example: 'openai/gpt-5-mini' };

/** tRPC: REST has both in the path. */
export class MessageNameDto {
  @UuidField() sessionId!: string;
  @UuidField() messageId!: string;
}

export class ContextBudgetView {
  @IntegerField(tokens) contextWindow!: number;
  @IntegerField({ ...tokens, description: 'Of the system prompt' }) systemTokens!: number;
  @IntegerField({ ...tokens, description: 'Kept for the answer' }) maxOutputTokens!: number;
  @IntegerField({ ...tokens, description: 'Kept for what nobody counts: framing, errors of estimates' })
  margin!: number;
  @IntegerField({ ...tokens, description: 'Left for messages' }) tokens!: number;
  @BooleanField({ description: 'Whether systemTokens is an estimate' }) estimated!: boolean;
}

export class ContextMessageView {
  @UuidField() id!: string;
  @EnumField(['user', 'assistant']) role!: 'user' | 'assistant';
  @IntegerField(tokens) tokens!: number;
  @BooleanField({ description: 'True where no tokenizer of the model counted them' }) estimated!: boolean;
}

export class ContextSummaryView {
  @UuidField() id!: string;
  @TextField({ max: 20_000 }) text!: string;
  @UuidField({ description: 'The last message that is in it' }) upToMessageId!: string;
  @TextField({ ...modelRef, description: 'The model that wrote it' }) modelRef!: string;
  @UuidField({ description: 'The execution that wrote it' }) executionId!: string;
  @TimeField() createdAt!: string;
}

/** What the model of an answer was sent. */
export class ContextView {
  @UuidField() messageId!: string;
  @UuidField({ nullable: true }) executionId!: string | null;
  @TextField(modelRef) modelRef!: string;
  @ObjectField(() => ContextBudgetView, {
    nullable: true,
    description: "null: the model's context window is not known, so nothing was left out",
  })
  budget!: ContextBudgetView | null;
  @IntegerField({ ...tokens, description: 'Of the listed messages that were sent, and the note' })
  tokens!: number;
  @BooleanField({ description: 'Whether any of them is an estimate' }) estimated!: boolean;
  @IntegerField(count) sentCount!: number;
  @ObjectListField(() => ContextMessageView, {
    max: maxListedMessages,
    description: `Oldest first; of more than ${maxListedMessages} the latest`,
  })
  sent!: ContextMessageView[];
  @IntegerField(count) leftOutCount!: number;
  @ObjectListField(() => ContextMessageView, {
    max: maxListedMessages,
    description: `Oldest first; of more than ${maxListedMessages} the latest`,
  })
  leftOut!: ContextMessageView[];
  @IntegerField({ ...tokens, description: 'Of the note that says what is left out, the summary in it' })
  noteTokens!: number;
  @ObjectField(() => ContextSummaryView, {
    nullable: true,
    description: 'What stood for the messages that were left out; null where nothing did',
  })
  summary!: ContextSummaryView | null;
}
