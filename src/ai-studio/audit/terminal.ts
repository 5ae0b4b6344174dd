import { parseArgs } from 'node:util';
import { isUuid } from '@kdx/shared';
import { instanceChain, type AuditReport, type AuditVerifier } from '../../platform/audit';
import { AppError } from '../../platform/errors';

const help = `Verifies the audit log: walks each chain, computes its hashes anew, and compares it with the anchors.

  npm run audit:verify [-- --team <team id>]

  --team      one team's chain, or "instance" for what belongs to no team; all of them where absent
  --help      this text

The exit code is 0 where everything is whole, 2 where something is not (the first bad link of each chain is named) or
there is no such chain, and 1 where it could not be verified. Changes nothing, and needs no key but AUDIT_KEY. Beside a
server on PostgreSQL; the embedded database takes one process at a time: stop the server first.
`;

/**
 * The terminal's command. Answers the exit code. Throws what cannot be verified.
 * @param open called once it is known what is asked for
 */
export async function runAuditVerifyCommand(
  args: string[],
  print: (text: string) => void,
  open: () => Promise<AuditVerifier>,
): Promise<number> {
  const options = parse(args);
  if (options.help) {
    print(help);
    return 0;
  }
  const verifier = await open();
  const report = await verifier.verify(options.chain, (chain, events) =>
    print(`${nameOf(chain)}: ${events} events so far\n`),
  );
  if (options.chain !== undefined && options.chain !== instanceChain && isUnknown(report)) {
    print(`There is no chain of team ${options.chain}: no event and no anchor names it. Check the id.\n`);
    return 2;
  }
  print(render(report));
  return isWhole(report) ? 0 : 2;
}

/** A team has events from the moment on in which it is made. */
function isUnknown({ chains }: AuditReport): boolean {
  return chains.every(({ events, anchors, badLink }) => events === 0 && anchors === 0 && !badLink);
}

function isWhole({ chains, guards, anchors }: AuditReport): boolean {
  return (
    guards.length === 0 && anchors.bad.length === 0 && chains.every(({ badLink }) => badLink === undefined)
  );
}

function render(report: AuditReport): string {
  const { chains, guards, anchors } = report;
  const events = chains.map((chain) => chain.events).reduce((sum, count) => sum + count, 0);
  return [
    ...chains.flatMap(({ badLink }) =>
      badLink ? [`BAD  ${nameOf(badLink.teamId)}, event ${badLink.seq}: ${faults[badLink.fault]}`] : [],
    ),
    ...guards.map(
      ({ name, found }) =>
        `BAD  ${name}: ${found === undefined ? 'gone' : `not as it was made: ${found || 'nothing'}`}`,
    ),
    ...anchors.bad.map(({ line, problem }) => `BAD  anchor file, line ${line}: ${problem}`),
    ...anchors.unfinished.map(
      (line) => `note: anchor file, line ${line}: not finished, since a process ended while it wrote`,
    ),
    describeAnchors(report),
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
  columnEdited: 'a column was edited. Lists filter by it, and it is not what the event says',
  unreadable: 'unreadable. The database does not give the chain from here on',
  anchorMismatch: 'the anchor does not fit. The chain was written anew after it was anchored',
};

const unseen =
  'that its end was cut off, or that the owner of the database wrote it anew, would not be noticed';

/** Says what was compared, and what a whole chain is not proven to be. */
function describeAnchors({ anchors: { state, count }, chains }: AuditReport): string {
  if (state === 'no key') return `AUDIT_KEY is not set: no chain was compared with anchors; ${unseen}.`;
  if (state === 'no file') return `There is no anchor file: no chain was compared; ${unseen}.`;
  const bare = chains.filter(({ anchors, events }) => anchors === 0 && events > 0);
  const named = bare.slice(0, 5).map(({ teamId }) => nameOf(teamId));
  return [
    `Compared with ${count} anchors. What follows the last anchor of a chain could have been cut off.`,
    ...(bare.length > 0
      ? [
          `Chains without an anchor: ${bare.length} (${named.join(', ')}${bare.length > named.length ? ', …' : ''}). Of these, ${unseen}.`,
        ]
      : []),
  ].join('\n');
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
    const chain = values.team === 'instance' ? instanceChain : values.team?.toLowerCase();
    if (chain !== undefined && !isUuid(chain))
      throw new Error('--team takes the id of a team, or "instance".');
    return { help: values.help, chain };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    throw new AppError('VALIDATION_FAILED', `${problem}\n\n${help}`);
  }
}
