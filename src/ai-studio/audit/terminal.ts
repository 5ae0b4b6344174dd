import { parseArgs } from 'node:util';
import type { INestApplicationContext } from '@nestjs/common';
import { isUuid } from '@kdx/shared';
import { AuditVerifier, instanceChain, type AuditReport } from '../../platform/audit';
import { AppError } from '../../platform/errors';

const help = `Verifies the audit log: walks each chain, computes its hashes anew, and compares it with the anchors.

  npm run audit:verify [-- --team <team id>]

  --team      one team's chain, or "instance" for what belongs to no team; all of them where absent
  --help      this text

The exit code is 0 where everything is whole, 2 where something is not (the first bad link of each chain is named), and
1 where it could not be verified. Changes nothing. Beside a server on PostgreSQL; the embedded database takes one process
at a time: stop the server first.
`;

/** The terminal's command. Answers the exit code. Throws what cannot be verified. */
export async function runAuditVerifyCommand(
  app: INestApplicationContext,
  args: string[],
  print: (text: string) => void,
): Promise<number> {
  const options = parse(args);
  if (options.help) {
    print(help);
    return 0;
  }
  const report = await app
    .get(AuditVerifier, { strict: false })
    .verify(options.chain, (chain, events) => print(`${nameOf(chain)}: ${events} events so far\n`));
  print(render(report));
  return isWhole(report) ? 0 : 2;
}

function isWhole({ chains, anchors }: AuditReport): boolean {
  return anchors.bad.length === 0 && chains.every(({ badLink }) => badLink === undefined);
}

function render(report: AuditReport): string {
  const { chains, anchors } = report;
  const events = chains.map((chain) => chain.events).reduce((sum, count) => sum + count, 0);
  return [
    ...chains.flatMap(({ badLink }) =>
      badLink ? [`BAD  ${nameOf(badLink.teamId)}, event ${badLink.seq}: ${faults[badLink.fault]}`] : [],
    ),
    ...anchors.bad.map(({ line, problem }) => `BAD  anchor file, line ${line}: ${problem}`),
    describeAnchors(anchors),
    `${events} events in ${chains.length} ${chains.length === 1 ? 'chain' : 'chains'}: ${isWhole(report) ? 'whole' : 'NOT whole'}.`,
    '',
  ].join('\n');
}

/** Of each fault, what an auditor reads. */
const faults: Record<NonNullable<AuditReport['chains'][number]['badLink']>['fault'], string> = {
  edited: 'edited. It is not what was written',
  missing: 'missing. It was removed',
  inserted: 'inserted. The server did not write it',
  reordered: 'reordered. Another event stands in its place',
  truncated: 'truncated. The chain ends before it, and an anchor says that it was there',
  anchorMismatch: 'the anchor does not fit. The chain was written anew after it was anchored',
};

function describeAnchors({ state, count }: AuditReport['anchors']): string {
  if (state === 'no key')
    return 'AUDIT_KEY is not set: not compared with anchors. A chain that was cut off or written anew would not be noticed.';
  if (state === 'no file')
    return 'There is no anchor file: not compared. A chain that was cut off or written anew would not be noticed.';
  return `Compared with ${count} anchors.`;
}

function nameOf(chain: string): string {
  return chain === instanceChain ? 'instance' : `team ${chain}`;
}

function parse(args: string[]): { help: boolean; chain: string | undefined } {
  try {
    const { values } = parseArgs({
      args,
      options: { team: { type: 'string' }, help: { type: 'boolean', default: false } },
    });
    const chain = values.team === 'instance' ? instanceChain : values.team;
    if (chain !== undefined && !isUuid(chain))
      throw new Error('--team takes the id of a team, or "instance".');
    return { help: values.help, chain };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new AppError('VALIDATION_FAILED', `${problem}\n\n${help}`);
  }
}
