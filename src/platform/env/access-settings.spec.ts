import { loadEnv } from './env';

const load = (variables: Record<string, string>) =>
  loadEnv({
    DATA_DIR: '/nonexistent',
    AUTH_SECRET: 'a secret for the tests of limits only',
    AI_STUDIO_KEK: `test:${Buffer.alloc(32, 7).toString('base64')}`,
    AUDIT_KEY: 'another secret for tests of limits only',
    ...variables,
  });

describe('who may call, from where and how often', () => {
  it.each([
    [
      'RATE_LIMIT_CALLS',
      ['0/60', '60', '60/0', '-1/60', '60/60/60', 'none', '1e3/60', '60/100000', ' 60/60'],
    ],
    [
      'TRUSTED_PROXIES',
      ['loopback', '0.0.0.0/0', '::/0', '10.0.0.0/33', '10.0.0', '::1/129', '10.0.0.1/8/8', '*', '1'],
    ],
    [
      'CORS_ORIGINS',
      [
        '*',
        'https://*.example.com',
        'https://a.example/',
        'a.example',
        'null',
        'https://a.example:443',
        'ftp://a.example',
      ],
    ],
  ])('%s that cannot be meant stops the start', (name, values) => {
    for (const value of values)
      expect(() => load({ [name]: value })).toThrow(new RegExp(`- ${name}: must be`));
  });

  it('is read as lists and rates', () => {
    const env = load({
      RATE_LIMIT_CALLS: '5/10',
      RATE_LIMIT_TEAM: 'off',
      TRUSTED_PROXIES: '10.0.0.0/8, ::1',
      CORS_ORIGINS: 'https://a.example,http://localhost:5173',
    });
    expect(env.limits).toMatchObject({ calls: { count: 5, seconds: 10 }, team: undefined });
    expect(env.trustedProxies).toEqual(['10.0.0.0/8', '::1']);
    expect(env.corsOrigins).toEqual(['https://a.example', 'http://localhost:5173']);
  });
});
