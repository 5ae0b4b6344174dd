import { toTeamId, toUserId } from '@kdx/shared';
import { pino } from 'pino';
import type { AuditLog } from './audit-log';
import type { RefusedEntry, UnlinkedEvent } from './audit-event';
import { Metrics } from '../metrics';
import { RefusedAttempts } from './refused-attempts';

const team = toTeamId('019aa000-0000-7000-8000-000000000001');
const otherTeam = toTeamId('019aa000-0000-7000-8000-000000000002');
const userId = toUserId('019aa000-0000-7000-8000-000000000003');
const entry: RefusedEntry = { action: 'tokens.write', target: { type: 'route', id: 'x' }, code: 'FORBIDDEN' };

describe('refused attempts', () => {
  let recorded: [chain: string, event: UnlinkedEvent][];
  let errors: string[];
  let record: () => Promise<void>;
  let attempts: RefusedAttempts;

  beforeEach(() => {
    jest.useFakeTimers();
    [recorded, errors] = [[], []];
    record = async () => undefined;
    const log = {
      record: async (chain: string, event: UnlinkedEvent) => {
        await record();
        recorded.push([chain, event]);
      },
    };
    const logger = pino({}, { write: (line) => void errors.push(line) });
    // the one method of the log that it calls
    attempts = new RefusedAttempts(
      log as unknown as AuditLog,
      logger,
      new Metrics({ metricsToken: undefined }),
    );
  });

  afterEach(() => jest.useRealTimers());

  const attempt = async (count: number, chain = team, who: string = userId) => {
    for (let done = 0; done < count; done += 1) await attempts.record(chain, who, { userId }, entry);
  };
  const omitted = () => recorded.flatMap(([, event]) => event.omitted ?? []);

  it('are recorded 20 times a minute, then counted; the next minute begins anew', async () => {
    await attempt(25);
    expect(recorded).toHaveLength(20);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(omitted()).toEqual([5]);
    expect(recorded.at(-1)).toMatchObject([team, { action: 'refusals.omit', actor: { id: userId } }]);
    await attempt(3);
    expect(recorded).toHaveLength(24);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(recorded).toHaveLength(24);
  });

  it('are counted by person and by chain', async () => {
    await attempt(21);
    await attempt(20, otherTeam);
    await attempt(20, team, 'somebody else');
    expect(recorded).toHaveLength(60);
  });

  it('that were counted are said at shutdown, once', async () => {
    await attempt(22);
    await attempts.beforeApplicationShutdown();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(omitted()).toEqual([2]);
  });

  it('that cannot be recorded are an error in the log, and no error to whoever was refused', async () => {
    record = () => Promise.reject(new Error('no database'));
    await attempt(1);
    expect(errors.join('')).toContain('a refused attempt could not be recorded');
  });
});
