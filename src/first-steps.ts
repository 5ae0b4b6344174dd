import type { Env } from './platform/env';

/** What the server prints once it listens. */
export function firstSteps({ publicUrl, databaseUrl, dataDir, generatedKeyFiles, sandboxEnabled }: Env): string {
  const lines = [
    '',
    `AI Studio listens on ${publicUrl}`,
    `  API document   ${publicUrl}/docs`,
    `  Database       ${databaseUrl ? 'PostgreSQL (DATABASE_URL)' : `embedded, in ${dataDir}`}`,
    ...generatedKeyFiles.map((file) => `  Generated key  ${file}   keep a copy: without it stored provider keys cannot be opened`),
    '',
    'The first account that signs up becomes the platform admin. To sign up, make a team and get a streamed answer, paste:',
    '',
    pasteLine(publicUrl ?? ''),
    '',
  ];
  return `${(sandboxEnabled ? lines : lines.slice(0, -4)).join('\n')}\n`;
}

/** One line for a shell with curl. Passwords in it are the reader's to change. */
function pasteLine(url: string): string {
  return [
    `U=${url}; J='content-type: application/json'`,
    `T=$(curl -si $U/api/auth/sign-up/email -H "$J" -d '{"name":"Ada","email":"ada@example.com","password":"change-me-please"}' | tr -d '\\r' | sed -n 's/^set-auth-token: //p')`,
    `curl -s $U/api/auth/organization/create -H "authorization: Bearer $T" -H "$J" -d '{"name":"First team","slug":"first-team"}' >/dev/null`,
    `S=$(curl -s $U/api/v1/chat/sessions -H "authorization: Bearer $T" -H "$J" -d '{}' | sed 's/.*"id":"\\([^"]*\\)".*/\\1/')`,
    `curl -N $U/api/v1/chat/sessions/$S/messages -H "authorization: Bearer $T" -H "$J" -d '{"text":"Hello!"}'`,
  ].join('; ');
}
