import {
  BooleanField,
  EnumField,
  IntegerField,
  ObjectListField,
  TextField,
  TimeField,
  UuidField,
} from '../../platform/http';

const token = {
  max: 4_096,
  description: 'The key as the provider gave it. It is sealed at once and never answered',
  example: 'sk-…',
};

/** REST: the provider is in the path. */
export class SaveTokenDto {
  @TextField({ ...token, min: 1 }) token!: string;
}

/** tRPC */
export class SaveNamedTokenDto extends SaveTokenDto {
  @TextField({ max: 100, example: 'openai' }) providerId!: string;
}

export class TokenNameDto {
  @TextField({ max: 100, example: 'openai' }) providerId!: string;
}

/**
 * `usable`; `wrongOrigin`: the provider's address changed since; store it again; `unreadable`: this server cannot open it,
 * for want of the right key-encryption key (the operator's to mend) or since its row was damaged (store it again).
 */
export const tokenStatuses = ['usable', 'wrongOrigin', 'unreadable'] as const;

/** A stored key, masked. */
export class TokenView {
  @UuidField() id!: string;
  @TextField({ max: 100 }) providerId!: string;
  @TextField({ max: 4, description: 'Last four characters; fewer of a short key' }) last4!: string;
  @TextField({ max: 16, description: 'Tells two keys apart; cannot be turned back' }) fingerprint!: string;
  @EnumField(tokenStatuses, {
    description:
      '`wrongOrigin`: the address of the provider changed, store it again. `unreadable`: this server cannot open it',
  })
  status!: (typeof tokenStatuses)[number];
  @TimeField() createdAt!: string;
  @TimeField() updatedAt!: string;
  @TimeField({ nullable: true, description: 'null before the first call' }) lastUsedAt!: string | null;
}

export class TokenListView {
  @ObjectListField(() => TokenView, { max: 1_000 }) items!: TokenView[];
}

/** What one cheap call to the provider gave. */
export class TokenTestView {
  @BooleanField({ description: 'Whether the provider took the key' }) ok!: boolean;
  @IntegerField({ min: 0, max: 10_000_000 }) latencyMs!: number;
  @TextField({ max: 1_000, optional: true, description: 'Why not' }) error?: string;
}
