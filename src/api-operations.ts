import { getSchemaPath, type OpenAPIObject } from '@nestjs/swagger';
import { permissions, type Permission } from './identity';
import { errorCodes, errorMeanings, restStatus, type ErrorCode } from './platform/errors';
import { ErrorView, mayAnswerExtension } from './platform/http';

type RequiredRole = (typeof permissions)[Permission];

/** An operation as Nest writes it, with what `RequirePermission` and `MayAnswer` add. */
interface Operation {
  parameters?: object[];
  responses: Record<string, object>;
  security?: Record<string, string[]>[];
  'x-permission': Permission;
  [mayAnswerExtension]?: ErrorCode[];
}

const teamHeader = {
  name: 'x-team-id',
  in: 'header',
  required: false,
  description:
    "The team that the call is for; the session's active team where absent. An API key is of one team: it may only repeat it",
  schema: { type: 'string', format: 'uuid' },
};

/**
 * Writes into each operation what follows from its method and its permission: who may call it, with which credentials,
 * for which team, and every error that it may answer.
 */
export function describeOperations({ paths }: OpenAPIObject): void {
  for (const item of Object.values(paths)) {
    for (const [method, operation] of Object.entries(item) as unknown as [string, Operation][]) {
      const role = permissions[operation['x-permission']];
      const codes = errorCodesOf(method, role, operation[mayAnswerExtension] ?? []);
      delete operation[mayAnswerExtension];
      operation.security = securityOf(role);
      if (role !== 'public') operation.parameters = [...(operation.parameters ?? []), teamHeader];
      Object.assign(operation.responses, describeErrors(codes));
    }
  }
}

/** No key is ever a platform admin: that is a person. */
function securityOf(role: RequiredRole): Record<string, string[]>[] {
  if (role === 'public') return [];
  const session: Record<string, string[]>[] = [{ bearer: [] }, { cookie: [] }];
  return role === 'platformAdmin' ? session : [...session, { apiKey: [] }];
}

/** Whoever calls may have no session, name none of their teams, lack the role or the scope, call too often, or at the wrong moment. */
const ofCallers = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'RATE_LIMITED',
  'SHUTTING_DOWN',
] as const satisfies ErrorCode[];

function errorCodesOf(method: string, role: RequiredRole, more: ErrorCode[]): ErrorCode[] {
  const codes = new Set<ErrorCode>(['VALIDATION_FAILED', 'INTERNAL', ...more]);
  if (role !== 'public') for (const code of ofCallers) codes.add(code);
  if (role !== 'public' && method !== 'get') codes.add('CONFLICT');
  return errorCodes.filter((code) => codes.has(code));
}

function describeErrors(codes: ErrorCode[]): Record<string, object> {
  const statuses = Map.groupBy(codes, (code) => restStatus[code]);
  return Object.fromEntries(
    [...statuses].map(([status, those]) => [
      status,
      {
        description: those.map((code) => `\`${code}\`: ${errorMeanings[code]}`).join('. '),
        content: { 'application/json': { schema: { $ref: getSchemaPath(ErrorView) } } },
      },
    ]),
  );
}
