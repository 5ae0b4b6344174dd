import { EnvError } from './platform/env';

/** What the operating system says of an address where nobody can listen, and which variable changes it. */
const obstacles: Record<string, string> = {
  EADDRINUSE: 'PORT: something else listens there. Stop it, or choose another (0 picks a free one).',
  EACCES: 'PORT: this user may not listen there. Choose one above 1023 (0 picks a free one).',
  EADDRNOTAVAIL: 'HOST: this machine has no such address. 127.0.0.1 is itself, 0.0.0.0 all that it has.',
  EAFNOSUPPORT: 'HOST: this machine has no addresses of this kind. 127.0.0.1 is itself.',
  EINVAL: 'HOST: nobody can listen on this address. 127.0.0.1 is this machine, 0.0.0.0 all that it has.',
  ENOTFOUND: 'HOST: no address is known by this name. 127.0.0.1 is this machine, 0.0.0.0 all that it has.',
  EAI_AGAIN: 'HOST: nobody can be asked for this name. 127.0.0.1 is this machine, 0.0.0.0 all that it has.',
};

/** Waits for what listens. Throws {@link EnvError} where the environment names an address at which nobody can. */
export async function explained<T>(listening: Promise<T>): Promise<T> {
  try {
    return await listening;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw obstacles[code] ? new EnvError([obstacles[code]]) : error;
  }
}
