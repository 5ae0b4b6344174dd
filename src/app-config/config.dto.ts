import { IntegerField, JsonObjectField, ObjectListField, TextField, TimeField } from '../platform/http';

const appId = { max: 40, description: 'A registered app, for example chat', example: 'aiStudio' };
const version = {
  min: 0,
  max: 2_147_483_647,
  optional: true,
  description: 'The version that you read; a stale one gets CONFLICT',
};

/** REST: the app is in the path. */
export class SaveConfigDto {
  @JsonObjectField({
    description: 'JSON Merge Patch of the document: what you leave out stays, null resets to the default',
  })
  config!: Record<string, unknown>;

  @IntegerField(version)
  version?: number;
}

/** tRPC: which app's configuration. */
export class GetAppConfigDto {
  @TextField(appId)
  appId!: string;
}

export class SaveAppConfigDto extends SaveConfigDto {
  @TextField(appId)
  appId!: string;
}

class ConfigProblem {
  @TextField({ max: 1_000, min: 0, description: 'Dotted path in the document' })
  field!: string;

  @TextField({ max: 1_000, description: 'Why it does not fit' })
  problem!: string;
}

/** A configuration document as it takes effect, defaults filled in. */
export class ConfigView {
  @JsonObjectField({ description: 'In the form that the app registered' })
  config!: Record<string, unknown>;

  @IntegerField({ min: 0, max: 2_147_483_647, description: '0 before the first save' })
  version!: number;

  @TimeField({ nullable: true, description: 'null before the first save' })
  updatedAt!: string | null;

  @ObjectListField(() => ConfigProblem, {
    optional: true,
    max: 1_000,
    description: 'Why the stored document no longer fits its schema',
  })
  problems?: ConfigProblem[];
}
