export interface IntervalWatch {
  /** Those that were set since the watch began and not cleared. */
  countRunning(): number;
  stop(): void;
}

/** Watches intervals, those of the application in this process too. Call `stop` when done. */
export function watchIntervals(): IntervalWatch {
  const set = jest.spyOn(globalThis, 'setInterval');
  const cleared = jest.spyOn(globalThis, 'clearInterval');
  return {
    countRunning: () => {
      const ended = new Set<unknown>(cleared.mock.calls.map(([timer]) => timer));
      return set.mock.results.filter(({ value }) => !ended.has(value)).length;
    },
    stop: () => {
      set.mockRestore();
      cleared.mockRestore();
    },
  };
}

/** Has intervals of one length be of another from now on. Call `stop` when done. */
export function hastenIntervals(lengthMs: number, insteadMs: number): { stop(): void } {
  const set = globalThis.setInterval;
  const hastened = jest
    .spyOn(globalThis, 'setInterval')
    .mockImplementation((act, ms, ...rest) => set(act, ms === lengthMs ? insteadMs : ms, ...rest));
  return { stop: () => hastened.mockRestore() };
}
