import { spawnSync } from 'node:child_process';
import { firstSteps } from './first-steps';
import { loadEnv } from './platform/env';

describe('what the server prints once it listens', () => {
  const env = { ...loadEnv({ NODE_ENV: 'test' }), publicUrl: 'http://127.0.0.1:3000' };
  const lineOf = (isNew: boolean) => firstSteps(env, isNew).match(/^U=.*$/m)?.[0] ?? '';

  it('is a line for a shell, for the first person and for others', () => {
    for (const isNew of [true, false]) {
      const { status, stderr } = spawnSync('sh', ['-n', '-c', lineOf(isNew)], { encoding: 'utf8' });
      expect([status, stderr]).toEqual([0, '']);
      expect(lineOf(isNew)).toMatch(/^U=http:\/\/127\.0\.0\.1:3000; .*\/messages .*"Hello!"/);
    }
  });

  it.each(['plain', ' spaces around ', `"'$HOME\`id\``, 'back\\slash\\n\\"', '&/;#%*', 'ünï🔑'])(
    'asks for e-mail and password, and takes %j as it is',
    (password) => {
      const untilSent = lineOf(false).split('; R=')[0];
      const { stdout } = spawnSync('sh', ['-c', `${untilSent}; printf '\\n%s' "$P"`], {
        input: `ada@example.com\n${password}\n`,
        encoding: 'utf8',
      });
      const asked = JSON.parse(stdout.slice(stdout.indexOf('{'))) as unknown;
      expect(asked).toEqual({ email: 'ada@example.com', password });
    },
  );

  it('says what the server says to a password that is none', () => {
    const refusing = `curl() { printf 'HTTP/1.1 401 Unauthorized\\r\\n\\r\\n{"code":"INVALID"}'; }`;
    for (const isNew of [true, false]) {
      const { stdout } = spawnSync('sh', ['-c', `${refusing}; ${lineOf(isNew)}`], {
        input: 'ada@example.com\nwrong\n',
        encoding: 'utf8',
      });
      expect(stdout.trimEnd()).toMatch(/(^|\n){"code":"INVALID"}$/);
    }
  });
});
