import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { findFreePort } from '../../src/free-port';
import { eventually } from './streams';

/** A Redis of the suite's own, which keeps nothing and may be stopped and halted. */
export class TestRedis {
  private process: ChildProcess | undefined;

  private constructor(private readonly port: number) {}

  /** `undefined` where the program is not installed. */
  static async start(): Promise<TestRedis | undefined> {
    const redis = new TestRedis(await findFreePort('127.0.0.1'));
    return (await redis.run()) ? redis : undefined;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Runs it, once more where it was stopped. `false` where there is no such program. */
  async run(): Promise<boolean> {
    const child = spawn(
      'redis-server',
      ['--bind', '127.0.0.1', '--port', String(this.port), '--save', '', '--appendonly', 'no'],
      { stdio: 'ignore' },
    );
    const isMissing = await Promise.race([
      once(child, 'error').then(() => true),
      once(child, 'spawn').then(() => false),
    ]).catch(() => true);
    if (isMissing) return false;
    this.process = child;
    await eventually(() => this.ask('PING').catch(() => undefined));
    return true;
  }

  /** It keeps its connections, and takes new ones, but answers nothing. */
  halt(): void {
    this.process?.kill('SIGSTOP');
  }

  goOn(): void {
    this.process?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    if (!this.process || this.process.exitCode !== null || this.process.signalCode) return;
    const ended = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await ended;
  }

  /** What it answers to one command, as its protocol writes it. */
  async ask(command: string): Promise<string> {
    const socket = createConnection(this.port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      socket.write(`${command}\r\n`);
      const [answer] = await once(socket, 'data');
      return String(answer);
    } finally {
      socket.destroy();
    }
  }
}
