import { BooleanField, EnumField, IntegerField, ObjectListField, TextField } from '../../platform/http';

/** Whose prompt to show: of this app, for this model. */
export class PreviewPromptDto {
  @TextField({
    max: 400,
    optional: true,
    description: 'Id, or <providerId>/<modelKey>; the default model where absent',
  })
  modelId?: string;
  @TextField({
    max: 40,
    optional: true,
    description: 'The app that would ask; chat where absent',
    example: 'chat',
  })
  appId?: string;
}

class PromptLayerView {
  @EnumField(['platform', 'team', 'user']) layer!: 'platform' | 'team' | 'user';
  @TextField({ max: 200, description: 'Where the text comes from' }) source!: string;
  @IntegerField({ min: 0, max: 2_147_483_647, optional: true, description: 'Version of that document' })
  version?: number;
  @TextField({ max: 1_000_000 }) text!: string;
  @IntegerField({ min: 0, max: 1_000_000 }) tokens!: number;
  @BooleanField({ description: "True where the tokens are not counted by the model's own tokenizer" })
  estimated!: boolean;
}

/** The exact system prompt that an execution would send now. */
export class PromptPreviewView {
  @TextField({ max: 10_000_000, min: 0 }) system!: string;
  @ObjectListField(() => PromptLayerView, { max: 10 }) layers!: PromptLayerView[];
  @EnumField(['default']) strategy!: 'default';
  @IntegerField({ min: 0, max: 10_000_000 }) tokens!: number;
}
