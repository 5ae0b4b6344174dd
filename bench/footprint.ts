import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { call, chat, createTeam, signUp } from '../scripts/demo/api.ts';
import { atMost, median, plain, type Figure } from './figures.ts';
import { createPlace } from './place.ts';

const starts = 3;
const milestones = [0, 100, 500, 1_000];
const messagesPerSession = 10;

/** Start to first healthy answer, on an empty and on an existing directory. */
export async function measureStart(): Promise<Figure[]> {
  const fresh: number[] = [];
  const again: number[] = [];
  for (let round = 0; round < starts; round += 1) {
    const place = await createPlace();
    for (const samples of [fresh, again]) {
      const server = await place.start();
      samples.push(server.healthyAfterMs / 1_000);
      await server.stop();
    }
    await place.remove();
  }
  return [
    atMost(`first start, nothing there, median of ${starts}`, median(fresh), 3, 's'),
    atMost(`second start, median of ${starts}`, median(again), 5, 's'),
  ];
}

/** Resident memory of the server while chat messages are sent one after the other, answered by the sandbox. */
export async function measureMemory(): Promise<Figure[]> {
  const place = await createPlace();
  // Started before: the first start makes the database, and what that takes is not given back at once.
  await (await place.start()).stop();
  const server = await place.start();
  try {
    const caller = await createTeam(await signUp(server.url, 'Ada', 'ada@example.com'), 'Team', 'team');
    const megabytes = new Map<number, number>();
    let sessionId = '';
    for (let sent = 0; sent <= 1_000; sent += 1) {
      if (milestones.includes(sent)) megabytes.set(sent, residentMegabytes(server.pid));
      if (sent % messagesPerSession === 0)
        sessionId = (await call(caller, 'POST', '/api/v1/chat/sessions', {})).id;
      if (sent < 1_000)
        await chat(caller, sessionId, { text: `Message ${sent}: tell me what you were sent.` });
    }
    const at = (count: number) => megabytes.get(count) ?? Number.NaN;
    return [
      plain('before the first message', at(0), 'MB'),
      plain('after 100 messages', at(100), 'MB'),
      plain('after 500 messages', at(500), 'MB'),
      atMost('after 1,000 messages', at(1_000), 300, 'MB'),
      plain('growth from 500 to 1,000', at(1_000) - at(500), 'MB'),
    ];
  } finally {
    await server.stop();
    await place.remove();
  }
}

/** Resident set of a process, in units of 10^6 bytes. Not known on Windows. */
export function residentMegabytes(pid: number): number {
  if (process.platform === 'win32') return Number.NaN;
  const kibibytes =
    process.platform === 'linux'
      ? /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
      : execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  return Math.round((Number(kibibytes) * 1_024) / 1e6);
}
