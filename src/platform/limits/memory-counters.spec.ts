import { MemoryCounters } from './memory-counters';

describe('counters in memory', () => {
  it('remember at most 100,000 keys, however many come, and the youngest of them', async () => {
    const counters = new MemoryCounters(60_000);
    let most = 0;
    for (let index = 0; index < 250_000; index += 1) {
      await counters.add(`key-${index}`);
      most = Math.max(most, counters.size);
    }
    expect(most).toBe(100_000);
    for (const youngest of [200_000, 249_999]) expect((await counters.add(`key-${youngest}`)).count).toBe(2);
    expect((await counters.add('key-0')).count).toBe(1);
  });

  it('let go of what has ended, without a timer', async () => {
    const counters = new MemoryCounters(20);
    for (let index = 0; index < 1_000; index += 1) await counters.add(`key-${index}`);
    for (const later of ['one', 'two']) {
      await new Promise((resolve) => setTimeout(resolve, 25));
      await counters.add(later);
    }
    expect(counters.size).toBe(2);
  });

  it('do not let go of what has not, when others come', async () => {
    const counters = new MemoryCounters(60_000);
    await counters.add('key');
    for (let index = 0; index < 50_000; index += 1) await counters.add(`key-${index}`);
    expect((await counters.add('key')).count).toBe(2);
  });

  it('begin anew when a window has ended', async () => {
    const counters = new MemoryCounters(30);
    await counters.add('key');
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect((await counters.add('key')).count).toBe(1);
    expect((await counters.add('key')).count).toBe(2);
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
