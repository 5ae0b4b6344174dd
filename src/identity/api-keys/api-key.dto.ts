import {
  EnumField,
  EnumListField,
  NextCursorField,
  ObjectField,
  ObjectListField,
  PageQuery,
  TextField,
  TimeField,
  UuidField,
} from '../../platform/http';
import { grantablePermissions, type GrantablePermission } from '../permissions/grantable';

const name = { max: 100, example: 'Nightly summaries' };
const scopes = {
  description: 'What the key may do, by the names of permissions: see docs/api-keys.md',
  example: ['chat.use'],
};

export class FindApiKeysDto extends PageQuery {}

export class CreateApiKeyDto {
  @TextField({ ...name, description: 'For people: which program has it' }) name!: string;
  @EnumListField(grantablePermissions, scopes) scopes!: GrantablePermission[];
  @TimeField({
    optional: true,
    nullable: true,
    description: 'When it stops working, at most 5 years ahead; 365 days where absent, never where null',
  })
  expiresAt?: string | null;
}

/** tRPC: over REST the id is in the path. */
export class NamedApiKeyDto {
  @UuidField() keyId!: string;
}

const makerRoles = ['owner', 'admin', 'member', 'apiKey'] as const;

/** Who made a key, and what they are to the team now. */
export class ApiKeyMakerView {
  @UuidField({ description: 'The user, or the API key' }) userId!: string;
  @TextField({ max: 200, optional: true, description: 'Absent where the account or the key is gone' })
  name?: string;
  @EnumField(makerRoles, {
    nullable: true,
    description: 'In the team now; null for who has left it, or is gone',
  })
  role!: (typeof makerRoles)[number] | null;
}

const statuses = ['active', 'expired'] as const;

/** An API key without its secret. */
export class ApiKeyView {
  @UuidField({ description: 'Also the userId of what the key does' }) id!: string;
  @TextField(name) name!: string;
  @EnumListField(grantablePermissions, scopes) scopes!: GrantablePermission[];
  @TextField({ max: 4, description: 'The last four characters of the secret' }) last4!: string;
  @EnumField(statuses) status!: (typeof statuses)[number];
  @TimeField() createdAt!: string;
  @TimeField({ nullable: true, description: 'null: never' }) expiresAt!: string | null;
  @TimeField({ nullable: true, description: 'To the minute; null: never' }) lastUsedAt!: string | null;
  @ObjectField(() => ApiKeyMakerView) createdBy!: ApiKeyMakerView;
}

/** The one answer that holds the secret. */
export class CreatedApiKeyView extends ApiKeyView {
  @TextField({ max: 100, description: 'Shown here and never again: put it where secrets are kept' })
  secret!: string;
}

export class ApiKeyPageView {
  @ObjectListField(() => ApiKeyView, { max: 200 }) items!: ApiKeyView[];
  @NextCursorField() nextCursor?: string;
}
