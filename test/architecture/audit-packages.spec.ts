import { execFile } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(__dirname, '../..');
const path = 'scripts/audit-packages.mjs';
const bulk = '/-/npm/v1/security/advisories/bulk';

/* Each case starts npm, which takes its time on a busy machine. */
jest.setTimeout(60_000);

interface Outcome {
  code: number;
  output: string;
}

/** npm itself, asking a registry of our own. What is not measured must never look as if nothing had been found. */
describe('the audit of packages', () => {
  let registry: Server;
  let address: string;
  let answer: { status: number; body: string };
  let asked: string[];
  let lastAdvisory = 0;
  let scratch: string;

  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'audit-packages-'));
    registry = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      request.resume().once('end', () => {
        const { status, body } = request.url === bulk ? answer : { status: 404, body: '{}' };
        response.writeHead(status, { 'content-type': 'application/json' }).end(body);
      });
    });
    await new Promise<void>((listening) => registry.listen(0, '127.0.0.1', listening));
    address = `http://127.0.0.1:${(registry.address() as AddressInfo).port}/`;
  });

  beforeEach(() => {
    asked = [];
  });

  afterAll(async () => {
    await new Promise((closed) => registry.close(closed));
    rmSync(scratch, { recursive: true, force: true });
  });

  /** Runs in a directory that is not the repository. */
  function audit(variables: Record<string, string> = {}, script = join(root, path)): Promise<Outcome> {
    const env = {
      PATH: process.env.PATH,
      HOME: scratch,
      npm_config_cache: join(scratch, 'cache'),
      npm_config_registry: address,
      ...variables,
    };
    return new Promise((done) => {
      execFile(process.execPath, [script], { cwd: tmpdir(), env }, (error, stdout, stderr) =>
        done({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
      );
    });
  }

  function advisory(severity: string): string {
    lastAdvisory += 1; // npm remembers each
    const found = { id: lastAdvisory, url: address, title: 'canary', severity, vulnerable_versions: '>=0' };
    return JSON.stringify({ fastify: [found] });
  }

  it('ends with 0 where it finds none that is high', async () => {
    answer = { status: 200, body: advisory('moderate') };
    expect(await audit()).toEqual({
      code: 0,
      output: expect.stringMatching(/high or critical: 0 of [1-9]\d+ packages/),
    });
    expect(asked).toContain(`POST ${bulk}`);
  });

  it.each(['high', 'critical'])(
    'ends with 1 where it finds one that is %s, and names it',
    async (severity) => {
      answer = { status: 200, body: advisory(severity) };
      expect(await audit()).toEqual({ code: 1, output: expect.stringContaining(`${severity}: fastify `) });
    },
  );

  it('asks also where npm was told to stay offline, and would find none', async () => {
    answer = { status: 200, body: advisory('high') };
    expect(await audit({ npm_config_offline: 'true' })).toMatchObject({ code: 1 });
  });

  it.each([404, 405])('ends with 2 where the registry serves no audits: %d', async (status) => {
    answer = { status, body: '{}' };
    expect(await audit()).toEqual({
      code: 2,
      output: expect.stringMatching(new RegExp(`not measured.*${status}`)),
    });
  });

  it('ends with 2 where the registry cannot be reached', async () => {
    expect(await audit({ npm_config_registry: 'http://127.0.0.1:1/' })).toEqual({
      code: 2,
      output: expect.stringMatching(/not measured.*ECONNREFUSED/),
    });
  });

  it.each([
    [401, '{}', /401/],
    [500, '{}', /500/],
    [200, '<html>', /not valid JSON/],
  ])('ends with 3 where the registry answers %d %s', async (status, body, reason) => {
    answer = { status, body };
    expect(await audit()).toEqual({ code: 3, output: expect.stringMatching(reason) });
  });

  it('ends with 3 where there is no lock, and asks nothing', async () => {
    mkdirSync(join(scratch, 'unlocked/scripts'), { recursive: true });
    cpSync(join(root, 'package.json'), join(scratch, 'unlocked/package.json'));
    cpSync(join(root, path), join(scratch, 'unlocked', path));
    const outcome = await audit({}, join(scratch, 'unlocked', path));
    expect(outcome).toEqual({ code: 3, output: expect.stringContaining('ENOLOCK') });
    expect(asked).toEqual([]);
  });

  it('ends with 3 where there is no npm', async () => {
    expect(await audit({ PATH: scratch })).toEqual({ code: 3, output: expect.stringContaining('ENOENT') });
  });

  it.each([
    ['nothing', ''],
    ['no JSON', 'echo canary'],
    ['JSON that is no report', 'echo null'],
    ['a report on no packages', `echo '{"vulnerabilities":{},"metadata":{"dependencies":{"prod":0}}}'`],
  ])('ends with 3 where npm prints %s', async (_what, command) => {
    const npm = join(scratch, 'bin/npm');
    mkdirSync(join(scratch, 'bin'), { recursive: true });
    writeFileSync(npm, `#!/bin/sh\n${command}\n`);
    chmodSync(npm, 0o755);
    const outcome = await audit({ PATH: `${join(scratch, 'bin')}:${process.env.PATH}` });
    expect(outcome).toMatchObject({ code: 3 });
    expect(outcome.output).not.toMatch(/\n\s+at /);
  });
});
