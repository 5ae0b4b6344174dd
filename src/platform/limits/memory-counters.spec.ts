import { MemoryCounters } from './memory-counters';

describe('counters in memory', () => {
  it('remember at most 100,000 keys, however many come, and the youngest of them', async () => {
    const counters = new MemoryCounters(60_000);
    for (let index = 0; index < 250_000; index += 1) await counters.add(`key-${index}`);
    expect(counters.size).toBe(100_000);
    expect((await counters.add('key-249999')).count).toBe(2);
    expect((await counters.add('key-0')).count).toBe(1);
  });

  it('let go of what has ended, without a timer', async () => {
    const counters = new MemoryCounters(20);
    for (let index = 0; index < 1_000; index += 1) await counters.add(`key-${index}`);
    await new Promise((resolve) => setTimeout(resolve, 40));
    await counters.add('another');
    expect(counters.size).toBe(1);
  });

  it('begin anew at the end of the order', async () => {
    const counters = new MemoryCounters(30);
    await counters.add('first');
    await counters.add('second');
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect((await counters.add('first')).count).toBe(1);
    expect((await counters.add('first')).count).toBe(2);
    expect(counters.size).toBe(1);
  });

  it('take back what was counted, and nothing that has ended', async () => {
    const counters = new MemoryCounters(60_000);
    await counters.add('key');
    await counters.takeBack('key');
    await counters.takeBack('never was');
    expect((await counters.add('key')).count).toBe(1);
    expect((await counters.add('never was')).count).toBe(1);
  });
});
