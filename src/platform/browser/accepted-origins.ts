import type { Env } from '../env';

/** Origins whose pages may use the session of their user: our own, under each name of the loopback interface, and `CORS_ORIGINS`. */
export function listAcceptedOrigins({
  publicUrl,
  corsOrigins,
}: Pick<Env, 'publicUrl' | 'corsOrigins'>): string[] {
  return [...(publicUrl ? ownOrigins(new URL(publicUrl)) : []), ...corsOrigins];
}

/** A server on the loopback interface is reached under three names. */
function ownOrigins({ protocol, hostname, port, origin }: URL): string[] {
  const loopback = ['localhost', '127.0.0.1', '[::1]'];
  if (!loopback.includes(hostname)) return [origin];
  return loopback.map((host) => `${protocol}//${host}${port ? `:${port}` : ''}`);
}
