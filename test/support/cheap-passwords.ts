import { randomBytes, scryptSync } from 'node:crypto';

/*
 * In the place of `@better-auth/utils/password` where suites run: a thousandth of its cost, since they sign up hundreds of
 * people. Processes of their own (test/support/process.ts) keep the real one.
 */

function digest(password: string, salt: string): string {
  return scryptSync(password.normalize('NFKC'), salt, 64, { N: 16, r: 16 }).toString('hex');
}

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16).toString('hex');
  return `${salt}:${digest(password, salt)}`;
}

export async function verifyPassword(hash: string, password: string): Promise<boolean> {
  const [salt = '', key] = hash.split(':');
  return digest(password, salt) === key;
}
