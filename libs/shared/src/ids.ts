declare const brand: unique symbol;
type Branded<T, B extends string> = T & { readonly [brand]: B };

/** A UUID of any version in canonical, lower-case spelling. */
export type Uuid = Branded<string, 'Uuid'>;
/** A team (tenant). UUID. Every row, cache key and permission check of the product is led by one. */
export type TeamId = Branded<string, 'TeamId'>;
/** A person with an account, or an API key, which acts as a user of its own. UUID. */
export type UserId = Branded<string, 'UserId'>;
/** One sign-in of a person: a session with this server, until it is signed out of, is revoked or expires. UUID; it opens nothing. */
export type SignInId = Branded<string, 'SignInId'>;
/** A registered consumer of AI Studio: `chat`, `aiStudio`, or an app added by `registerApp`. */
export type AppId = Branded<string, 'AppId'>;

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** True for the canonical, lower-case spelling of a UUID of any version. */
export function isUuid(value: unknown): value is Uuid {
  return typeof value === 'string' && uuidPattern.test(value);
}

/** Parses a team id; throws `TypeError` for anything that is not a canonical UUID. */
export function toTeamId(value: unknown): TeamId {
  if (!isUuid(value)) throw new TypeError('A team id is a UUID.');
  return value as string as TeamId; // the check above is the brand's only door
}

/** Parses a user id; throws `TypeError` for anything that is not a canonical UUID. */
export function toUserId(value: unknown): UserId {
  if (!isUuid(value)) throw new TypeError('A user id is a UUID.');
  return value as string as UserId; // the check above is the brand's only door
}

/** Parses the id of a sign-in; throws `TypeError` for anything that is not a canonical UUID. */
export function toSignInId(value: unknown): SignInId {
  if (!isUuid(value)) throw new TypeError('The id of a sign-in is a UUID.');
  return value as string as SignInId; // the check above is the brand's only door
}
