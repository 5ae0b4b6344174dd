import { toUserId, type RequestOrigin, type UserId } from '@kdx/shared';

const originHeader = 'x-ai-studio-origin';
const callerHeader = 'x-ai-studio-caller';
/** The address alone, for what Better Auth itself notes of a session. */
export const addressHeader = 'x-ai-studio-address';

/** Tells Better Auth where a call comes from and, where it was asked for, who makes it; whatever its client says of these. */
export function writeTrusted(headers: Headers, origin: RequestOrigin, caller: UserId | undefined): void {
  headers.set(originHeader, JSON.stringify(origin));
  headers.set(addressHeader, origin.address);
  headers.delete(callerHeader);
  if (caller) headers.set(callerHeader, caller);
}

export function readOrigin(headers: Headers | HeadersInit | undefined): RequestOrigin | undefined {
  const given = new Headers(headers).get(originHeader);
  return given === null ? undefined : (JSON.parse(given) as RequestOrigin); // only writeTrusted sets it: what a client sent is overwritten
}

export function readCaller(headers: Headers | HeadersInit | undefined): UserId | undefined {
  const given = new Headers(headers).get(callerHeader);
  return given === null ? undefined : toUserId(given);
}
