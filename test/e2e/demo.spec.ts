import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const root = join(__dirname, '../..');
/** Of providers, with which the demo would go to a real one; and what a worker of Jest was started with. */
const notForTheDemo = /_API_KEY$|^NODE_OPTIONS$|^DEMO_MODEL$/;

describe('the demo', () => {
  it('shows the main job from end to end: each fact that it claims holds, and nothing of it is left', async () => {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !notForTheDemo.test(name)));
    const demo = join(root, 'scripts/demo.ts');
    const { stdout } = await promisify(execFile)(process.execPath, [demo], { cwd: root, env });
    for (const claim of [
      'the answers show its last four characters, never the key',
      "the provider got the team's key in its authorization header, each time",
      'what is stored is what was streamed',
      'two answers, both completed',
      'the row is ciphertext',
    ])
      expect(stdout).toContain(`✓ ${claim}`);
    expect(stdout.trimEnd().split('\n').at(-1)).toContain(
      'Done: a streamed answer and a stored conversation',
    );
    const [, dataDir] = /data +(\S+) \(removed at the end\)/.exec(stdout) ?? [];
    expect(dataDir).toContain('ai-studio-demo-');
    expect(existsSync(dataDir!)).toBe(false);
  }, 90_000);
});
