import type { Env } from './platform/env';

/** What the server prints once it listens. `isNew`: nobody has an account yet. */
export function firstSteps(
  { publicUrl = '', databaseUrl, dataDir, generatedKeyFiles, sandboxEnabled }: Env,
  isNew: boolean,
): string {
  const where = [
    '',
    `AI Studio listens on ${publicUrl}`,
    `  API document   ${publicUrl}/docs`,
    `  Database       ${databaseUrl ? 'PostgreSQL (DATABASE_URL)' : `embedded, in ${dataDir}`}`,
    ...generatedKeyFiles.map((file) => `  Generated key  ${file} (keep a copy)`),
    '',
  ];
  return `${[...where, ...(isNew ? forFirstPerson(publicUrl, sandboxEnabled) : forOthers(publicUrl)), ''].join('\n')}\n`;
}

function forFirstPerson(url: string, sandboxEnabled: boolean): string[] {
  const signUp = 'The first account that signs up becomes the platform admin';
  if (!sandboxEnabled) return [`${signUp}: POST ${url}/api/auth/sign-up/email`];
  return [
    `${signUp}. To sign up (or in, the next time), make a team and get a streamed answer, paste:`,
    '',
    pasteLine(url, signUpOrIn),
  ];
}

function forOthers(url: string): string[] {
  return [
    `There are accounts. To sign in, and get a streamed answer in your first team, paste (it asks for e-mail and password):`,
    '',
    pasteLine(url, [
      `printf 'E-mail: '; IFS= read -r E; printf 'Password: '; W=$(${readUnseen}); echo`,
      `P=$(printf '%s\\n' "$E" "$W" | sed 's/[\\"]/\\\\&/g; 1s/.*/{"email":"&",/; 2s/.*/"password":"&"}/')`,
      `R=$(printf '%s' "$P" | curl -sSi $U/api/auth/sign-in/email -H "$J" -d @-); T=$(${bearerToken})`,
    ]),
  ];
}

/** In a shell of its own: who interrupts it sees again what is typed. */
const readUnseen = `trap 'stty echo; exit 1' INT QUIT; stty -echo; IFS= read -r W; stty echo; printf '%s' "$W"`;

const bearerToken = `printf '%s' "$R" | tr -d '\\r' | sed -n 's/^set-auth-token: //p'`;

/** Signs in with what is in it, or up; makes a team, where it is not there. Passwords in it are the reader's to change. */
const signUpOrIn = [
  `P='{"name":"Ada","email":"ada@example.com","password":"change-me-please"}'`,
  `T=; for A in sign-in sign-up; do [ "$T" ] || { R=$(printf '%s' "$P" | curl -sSi $U/api/auth/$A/email -H "$J" -d @-); T=$(${bearerToken}); }; done`,
  `curl -s $U/api/auth/organization/create -H "authorization: Bearer $T" -H "$J" -d '{"name":"First team","slug":"first-team"}' >/dev/null`,
];

/**
 * One line for a shell with curl, which may be pasted again. `account` leaves a bearer token in `T`, or where it got none,
 * the answer that says why in `R`. README.md has the same steps.
 */
function pasteLine(url: string, account: string[]): string {
  return [
    `U=${url}; J='content-type: application/json'`,
    ...account,
    `if [ "$T" ]; then S=$(curl -s $U/api/v1/chat/sessions -H "authorization: Bearer $T" -H "$J" -d '{}' | sed -n 's/.*"id":"\\([^"]*\\)".*/\\1/p')`,
    `curl -N $U/api/v1/chat/sessions/$S/messages -H "authorization: Bearer $T" -H "$J" -d '{"text":"Hello!"}'`,
    `else printf '%s\\n' "$R" | tail -n 1; fi`,
  ].join('; ');
}
