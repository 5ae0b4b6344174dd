import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import options from '../../scripts/server-options.json';

describe('the Dockerfile', () => {
  const dockerfile = readFileSync(resolve(__dirname, '../../Dockerfile'), 'utf8');

  it('starts the server as npm start does', () => {
    const [, command] = /^CMD (\[.*\])$/m.exec(dockerfile) ?? [];
    expect(JSON.parse(command ?? '[]')).toEqual(['node', ...options.nodeOptions, 'dist/src/main.js']);
    for (const [name, value] of Object.entries(options.environment))
      expect(dockerfile).toContain(`${name}=${value}`);
  });
});
