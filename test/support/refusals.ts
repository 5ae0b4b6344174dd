import type { TestApp } from './app';
import type { Answer } from './client';

/** The closed list, written out: clients are written against it. */
const errorCodes =
  'VALIDATION_FAILED UNAUTHENTICATED FORBIDDEN NOT_FOUND CONFLICT MODEL_NOT_AVAILABLE NO_DEFAULT_MODEL TOKEN_MISSING TOKEN_UNREADABLE AGENT_LOCKED BUDGET_EXCEEDED RATE_LIMITED EGRESS_REFUSED PROVIDER_FAILED SHUTTING_DOWN INTERNAL'.split(
    ' ',
  );

/** What no answer may show: stacks, files, SQL, the names of libraries. */
const inside =
  /\n\s+at |node_modules|\.(?:ts|js):\d|QueryFailed|SQLSTATE|syntax error|relation "|column "|invalid input syntax|violates|PostgresError|TypeORM|\bselect\s.+\bfrom\b/i;

/** What is wrong with a refusal: it has to be 4xx, with a code of the closed list, the request id, nothing of the inside. */
export function findProblems({ status, headers, text, body }: Answer): string[] {
  const error = errorOf(body);
  const requestId = headers.get('x-request-id');
  return [
    status >= 400 && status < 500 ? '' : `status ${status}`,
    errorCodes.includes(error?.code) ? '' : `code ${error?.code}`,
    error?.code === 'INTERNAL' ? 'INTERNAL' : '',
    requestId && error?.requestId === requestId
      ? ''
      : `request id ${error?.requestId} instead of ${requestId}`,
    typeof error?.message === 'string' && error.message.length > 10 ? '' : `message ${error?.message}`,
    inside.test(text) ? `shows ${inside.exec(text)?.[0]}` : '',
  ].filter(Boolean);
}

/** Expects a refusal without {@link findProblems}. Answers its error. */
export function expectRefusal(
  answer: Answer,
  what: string,
): { code: string; message: string; details?: unknown } {
  const problems = findProblems(answer);
  if (problems.length > 0) throw new Error(`${what}: ${problems.join(', ')}\n${answer.text.slice(0, 500)}`);
  return errorOf(answer.body);
}

function errorOf(body: Answer['body']): Answer['body'] {
  return body?.error?.data?.error ?? body?.[0]?.error?.data?.error ?? body?.error;
}

/** Like {@link expectRefusal}, for what may just as well be accepted: anything but our fault. */
export function expectNoFault(answer: Answer, what: string): void {
  if (answer.status < 300) return;
  expectRefusal(answer, what);
}

/** Errors that were logged as ours. */
export function listFaults(app: Pick<TestApp, 'logs'>): string[] {
  return app.logs.filter((line) => /"level":"(?:error|fatal)"/.test(line));
}
