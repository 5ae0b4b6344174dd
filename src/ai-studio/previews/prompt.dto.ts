import {
  BooleanField,
  EnumField,
  IntegerField,
  ObjectField,
  ObjectListField,
  TextField,
  UuidField,
} from '../../platform/http';
import {
  layerNames,
  strategyNames,
  type LayerName,
  type PromptRole,
  type StrategyName,
} from '../prompts/layers';

/** Whose prompt to show: of this app, for this model, with this agent. */
export class PreviewPromptDto {
  @UuidField({ optional: true, description: 'With the instructions of this agent; none where absent' })
  agentId?: string;
  @TextField({
    max: 400,
    optional: true,
    description: "Id, or <providerId>/<modelKey>; the agent's model or the default where absent",
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

const count = { min: 0, max: 100_000_000 };

export class PromptLayerView {
  @EnumField(layerNames) layer!: LayerName;
  @TextField({ max: 200, description: 'Where the text comes from' }) source!: string;
  @IntegerField({
    min: 0,
    max: 2_147_483_647,
    optional: true,
    description: 'Version of that document or agent',
  })
  version?: number;
  @TextField({ max: 1_000_000, description: 'The section as it stands in the prompt' }) text!: string;
  @BooleanField({ description: 'Whether it differs from user to user of the team' }) personal!: boolean;
  @IntegerField(count) tokens!: number;
  @BooleanField({ description: "True where the tokens are not counted by the model's own tokenizer" })
  estimated!: boolean;
}

class PromptProblemView {
  @TextField({ max: 100 }) code!: string;
  @TextField({ max: 2_000 }) message!: string;
}

class PromptAgentView {
  @UuidField() id!: string;
  @TextField({ max: 200 }) name!: string;
  @IntegerField({ min: 1, max: 2_147_483_647 }) version!: number;
}

/** The exact system prompt that an execution would send now. */
export class PromptPreviewView {
  @TextField({ max: 10_000_000, min: 0 }) system!: string;
  @ObjectListField(() => PromptLayerView, { max: 10, description: 'In the order of the text' })
  layers!: PromptLayerView[];
  @EnumField(strategyNames, { description: "The form of prompt of the model's family" })
  strategy!: StrategyName;
  @EnumField(['system', 'user'], {
    description:
      'Where it goes: models that know no system message get it in front of the first user message',
  })
  role!: PromptRole;
  @TextField({
    max: 400,
    nullable: true,
    description: 'The model that would be asked first; null where none can be',
  })
  modelRef!: string | null;
  @ObjectField(() => PromptAgentView, { optional: true }) agent?: PromptAgentView;
  @IntegerField({ ...count, description: 'Of the whole' }) tokens!: number;
  @IntegerField({
    ...count,
    description: 'Of the beginning that is the same for all users of the team, which prompt caches can share',
  })
  sharedTokens!: number;
  @BooleanField({ description: "True where the tokens are not counted by the model's own tokenizer" })
  estimated!: boolean;
  @ObjectField(() => PromptProblemView, { optional: true, description: 'Why an execution would fail now' })
  problem?: PromptProblemView;
}
