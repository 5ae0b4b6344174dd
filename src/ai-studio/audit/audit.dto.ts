import {
  EnumField,
  IntegerField,
  NextCursorField,
  ObjectField,
  ObjectListField,
  PageQuery,
  TextField,
  TextListField,
  TimeField,
  UuidField,
} from '../../platform/http';

const outcomes = ['done', 'refused'] as const;
const fingerprint = { max: 64, optional: true };

export class FindAuditEventsDto extends PageQuery {
  @EnumField(['team', 'instance'], {
    optional: true,
    description: "The team's events (for its admins), or the instance's (for the platform admin)",
  })
  chain?: 'team' | 'instance';
  @TextField({ max: 100, optional: true, example: 'agents.update' }) action?: string;
  @EnumField(outcomes, { optional: true }) outcome?: (typeof outcomes)[number];
  @UuidField({ optional: true, description: 'Who did it' }) actorId?: string;
  @TextField({ max: 100, optional: true, example: 'agent' }) targetType?: string;
  @TextField({ max: 400, optional: true }) targetId?: string;
  @TimeField({ optional: true, description: 'From this time on' }) from?: string;
  @TimeField({ optional: true, description: 'Before this time' }) to?: string;
}

export class AuditActorView {
  @EnumField(['user', 'apiKey', 'system']) type!: 'user' | 'apiKey' | 'system';
  @TextField({
    max: 100,
    nullable: true,
    description:
      'The id of the user or the API key, or the part of the server; `null` where nobody knows who it was',
  })
  id!: string | null;
  @TextField({ max: 100, optional: true, description: 'In the team, where it decided' }) role?: string;
}

export class AuditTargetView {
  @TextField({ max: 100, example: 'agent' }) type!: string;
  @TextField({ max: 400, nullable: true, description: 'null for what has none' }) id!: string | null;
  @TextField({ max: 400, optional: true, description: 'Its name at that moment' }) name?: string;
}

/** What was done, or tried. Contents are named by fingerprints alone. */
export class AuditEventView {
  @UuidField() id!: string;
  @IntegerField({
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    description: 'Its place in the chain, without gaps, from 1',
  })
  seq!: number;
  @TimeField({ description: 'When it was done or tried' }) at!: string;
  @ObjectField(() => AuditActorView) actor!: AuditActorView;
  @TextField({ max: 100, description: '<things>.<verb>', example: 'agents.update' }) action!: string;
  @ObjectField(() => AuditTargetView) target!: AuditTargetView;
  @EnumField(outcomes, { description: 'Whether it was done, or refused' })
  outcome!: (typeof outcomes)[number];
  @TextListField({
    max: 100,
    maxLength: 200,
    optional: true,
    description: 'Names of the fields that changed',
  })
  changed?: string[];
  @TextField({ ...fingerprint, description: 'SHA-256 of these fields before, in hex' }) before?: string;
  @TextField({ ...fingerprint, description: 'SHA-256 of these fields after, in hex' }) after?: string;
  @TextField({ max: 40, optional: true, description: 'Error code of a refused attempt' }) code?: string;
  @IntegerField({
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    optional: true,
    description: 'How many more attempts were refused and are not in the log',
  })
  omitted?: number;
  @TextField({ max: 64, optional: true, description: 'x-request-id of the answer' }) requestId?: string;
  @TextField({ max: 64, optional: true, description: 'x-request-id of the request: as its caller chose it' })
  clientRequestId?: string;
  @TextField({ max: 64, optional: true, description: 'IP address of the other end of the connection' })
  address?: string;
}

export class AuditEventPageView {
  @ObjectListField(() => AuditEventView, { max: 200 }) items!: AuditEventView[];
  @NextCursorField() nextCursor?: string;
}
