import type { AuditReport } from '../../src/platform/audit';
import { ProofLog } from './audit-log';
import { tamperings, type Expected } from './audit-tampering';
import { attempts, publish, seed } from './proof';
import { randomOf } from './random';

jest.setTimeout(1_800_000);

/*
 * Against the real database, as its owner: rows, catalogue and anchor file are tampered with, each time elsewhere and
 * otherwise, and what the verifier says is compared with what was done. Then histories that nobody tampered with.
 */
describe('the audit log', () => {
  const random = randomOf(seed);
  let log: ProofLog;

  beforeAll(async () => {
    log = await ProofLog.open();
    for (const chain of log.chains) {
      const length = 12 + random(20);
      for (let count = 0; count < length; count += 1) await log.append(chain, random);
      await log.anchor(chain, 3 + random(length - 6));
      await log.anchor(chain, length);
    }
    await log.keep();
  });

  afterAll(() => log.close());

  it('names every tampering: the chain and the link, the guard, or the line of the anchors', async () => {
    const kinds = Object.entries(tamperings);
    const total = attempts({ short: kinds.length, long: 1_260 });
    const missed: unknown[] = [];
    for (let count = 0; count < total; count += 1) {
      const [kind, tamper] = kinds[count % kinds.length]!;
      const [chain, other] = twoOf(log.chains);
      const rows = await log.read(chain);
      const at = random(rows.length);
      const { undo, ...expected } = await tamper({ log, chain, other, rows, at, random });
      const report = await log.verify('line' in expected ? expected.tamper : undefined);
      if (!isNamed(report, expected) || accuses(report, [chain, other]))
        missed.push({ kind, at, length: rows.length, expected, found: summary(report) });
      if ('chain' in expected) await log.restore();
      if (undo) await log.sql(undo);
    }
    for (const one of missed) process.stdout.write(`missed: ${JSON.stringify(one)}\n`);
    publish({
      name: 'Tamperings with the audit log named',
      found: total - missed.length,
      of: total,
      aim: 'all',
    });
  });

  it('is never reported where nobody tampered with it', async () => {
    const total = attempts({ short: 15, long: 300 });
    const alarms: unknown[] = [];
    for (let count = 0; count < total; count += 1) {
      const [chain] = twoOf(log.chains);
      for (let more = random(4); more > 0; more -= 1) await log.append(chain, random);
      const { length } = await log.read(chain);
      if (random(2) === 0) await log.anchor(chain, 1 + random(length));
      const torn = log.tornLine(random);
      const report = await log.verify(
        (lines) => (random(2) === 0 ? lines.toSpliced(random(lines.length), 0, ...torn) : lines),
        random(2) === 0 ? torn[0] : '',
      );
      if (accuses(report, [])) alarms.push(summary(report));
    }
    for (const one of alarms) process.stdout.write(`false alarm: ${JSON.stringify(one)}\n`);
    publish({
      name: 'False alarms about audit logs as they were written',
      found: alarms.length,
      of: total,
      aim: 0,
    });
  });

  function twoOf<T>(choices: readonly T[]): [T, T] {
    const first = random(choices.length);
    const second = (first + 1 + random(choices.length - 1)) % choices.length;
    return [choices[first]!, choices[second]!];
  }
});

function isNamed({ chains, guards, anchors }: AuditReport, expected: Expected): boolean {
  if ('guard' in expected) return guards.some(({ name }) => name === expected.guard);
  if ('line' in expected) return anchors.bad.some(({ line }) => line === expected.line);
  const bad = chains.find(({ teamId }) => teamId === expected.chain)?.badLink;
  return bad?.seq === expected.seq && (expected.fault === undefined || bad.fault === expected.fault);
}

/** Whether anything is called bad beyond the chains that were tampered with; with none, whether anything is at all. */
function accuses({ chains, guards, anchors }: AuditReport, guilty: string[]): boolean {
  const others = chains.some(({ teamId, badLink }) => badLink && !guilty.includes(teamId));
  return others || (guilty.length === 0 && (guards.length > 0 || anchors.bad.length > 0));
}

function summary({ chains, guards, anchors }: AuditReport): unknown {
  return { bad: chains.flatMap(({ badLink }) => badLink ?? []), guards, anchors: anchors.bad };
}
