import { EnvError } from '../env';

const untrusted =
  'its certificate is not trusted. Name the authority that signed it: ?sslmode=verify-full&sslrootcert=/path/to/ca.pem.';

/** What a connection fails with, by the code of the operating system, of OpenSSL or of PostgreSQL, or by what `pg` says; and what helps. */
const obstacles: Record<string, string> = {
  ECONNREFUSED: 'nobody listens there. Start PostgreSQL, or correct host and port.',
  ENOTFOUND: 'no address is known by the name of its host.',
  EAI_AGAIN: 'nobody can be asked for the name of its host.',
  EHOSTUNREACH: 'no way leads to its host.',
  ENETUNREACH: 'no way leads to its host.',
  ETIMEDOUT: 'its host does not answer.',
  ECONNRESET:
    'what listens there hangs up. Is it PostgreSQL, and does it want encryption (?sslmode=verify-full)?',
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  CERT_HAS_EXPIRED: 'its certificate has expired.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host than the one that is named.',
  ENOENT: 'a file that it names is not there.',
  'The server does not support SSL connections':
    'PostgreSQL offers no encryption there: sslmode has to be left out, or encryption switched on.',
  '28000': 'PostgreSQL lets this user not in. Where it wants encryption, add ?sslmode=verify-full.',
  '28P01':
    'PostgreSQL knows no such user with this password. Special characters in it have to be percent-encoded.',
  '3D000': 'there is no such database. Make it first (createdb).',
  '42501': 'the user may not connect to this database.',
  '53300': 'PostgreSQL has no connection left for this user.',
  '57P03': 'PostgreSQL is starting or stopping. Try again in a moment.',
};

/** Throws {@link EnvError} where a server cannot be connected to, with what it said; other errors as they are. */
export function cannotConnect(error: unknown): never {
  const { code, message } = Object(error) as { code?: unknown; message?: unknown }; // whatever was thrown
  const obstacle = obstacles[String(code)] ?? obstacles[String(message)];
  throw obstacle ? new EnvError([`DATABASE_URL: ${obstacle} (${String(message)})`]) : error;
}
