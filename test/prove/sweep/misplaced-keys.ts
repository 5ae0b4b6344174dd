import { modelPath } from '../../support/providers';
import type { Client } from '../../support/client';
import type { Canaries } from './canaries';

/** Keys in fields, paths, headers and bodies where none belongs. */
export async function misplaceKeys(owner: Client, stranger: Client, canaries: Canaries): Promise<void> {
  const misplaced = (where: string) => canaries.plant(`misplaced: ${where}`);
  const inPath = (where: string) => encodeURIComponent(misplaced(where));
  const raw = (path: string, body: string, type = 'application/json') =>
    owner.fetch(path, { method: 'PUT', body, headers: { 'content-type': type } });
  for (const token of [
    [misplaced('array')],
    { key: misplaced('object') },
    `${misplaced('spaces')} x`,
    `é${misplaced('accent')}`,
  ])
    await owner.put('/api/v1/tokens/openai', { token });
  await owner.put('/api/v1/tokens/openai', { [misplaced('name of a field')]: 'x', token: 'short' });
  await owner.put('/api/v1/tokens/openai', { token: 'short', apiKey: misplaced('unknown field') });
  await owner.put('/api/v1/tokens/openai', { token: misplaced('too long').repeat(100) });
  await owner.put(`/api/v1/tokens/${inPath('path')}`, { token: misplaced('body of a bad path') });
  await owner.put('/api/v1/tokens/sandbox', { token: misplaced('provider without keys') });
  await raw('/api/v1/tokens/openai', JSON.stringify({ token: misplaced('broken JSON') }).slice(0, -2));
  await raw('/api/v1/tokens/openai', `token=${misplaced('form')}`, 'application/x-www-form-urlencoded');
  await raw('/api/v1/tokens/openai', misplaced('text'), 'text/plain');
  await raw(
    '/api/v1/tokens/openai',
    JSON.stringify({ token: misplaced('huge body').padEnd(3_000_000, 'x') }),
  );
  await raw('/api/v1/tokens/openai', `{"__proto__":${JSON.stringify({ token: misplaced('prototype') })}}`);
  await owner.patch('/api/v1/providers/openai', { apiKey: misplaced('unknown field of a provider') });
  await owner.patch('/api/v1/providers/openai', { baseUrl: misplaced('address') });
  for (const where of ['user', 'query', 'path'])
    await saveAddress(owner, where, misplaced(`${where} of an address`));
  await owner.patch(modelPath(misplaced('id of a model')), { enabled: true });
  await owner.get(`/api/v1/executions?limit=${inPath('query')}`);
  await owner.get(`/api/v1/${inPath('unknown route')}?key=${inPath('query of an unknown route')}`);
  await owner.query('aiTokens.find', misplaced('input of a query'));
  await owner.query(`${inPath('procedure')}`);
  await owner.mutate('aiTokens.save', {
    providerId: misplaced('provider over tRPC'),
    token: misplaced('tRPC'),
  });
  await owner.mutate('aiTokens.save', { providerId: 'openai', token: [misplaced('array over tRPC')] });
  await owner.mutate('aiTokens.find,aiTokens.save?batch=1', {
    0: {},
    1: { providerId: 'nobody', token: misplaced('batch') },
    2: misplaced('batch, beyond its calls'),
  });
  await owner.mutate('aiTokens.save', { json: misplaced('another shape') });
  for (const authorization of ['Bearer ', 'Basic ', 'Token '].map((scheme) => scheme + misplaced('session')))
    await stranger.fetch('/api/v1/tokens', { headers: { authorization } });
  await stranger.fetch('/metrics', { headers: { authorization: `Bearer ${misplaced('metrics token')}` } });
  await owner.fetch('/api/v1/tokens', {
    headers: { 'x-team-id': misplaced('team'), 'x-request-id': misplaced('request') },
  });
  await owner
    .fetch('/api/v1/tokens', { headers: { 'x-big': misplaced('long header').repeat(500) } })
    .catch(() => undefined);
}

/** A base URL that carries a key somewhere. */
async function saveAddress(owner: Client, where: string, key: string): Promise<void> {
  const safe = encodeURIComponent(key);
  const url = {
    user: `https://${safe}@127.0.0.1/v1`,
    query: `http://127.0.0.1:9/v1?key=${safe}`,
    path: `ftp://127.0.0.1/${safe}`,
  }[where];
  await owner.patch('/api/v1/providers/openai', { baseUrl: url });
  await owner.post('/api/v1/team-providers', { displayName: `At ${where}`, baseUrl: url });
  await owner.mutate('aiProviders.createForTeam', { displayName: `Over tRPC ${where}`, baseUrl: url });
}
