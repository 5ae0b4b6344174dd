import * as fc from 'fast-check';
import { exchange } from '../../support/raw-http';
import type { DocumentCheck } from './document-check';
import type { Door } from './doors';
import { describeDraft, toBytes, type Draft } from './draft';
import { judge } from './oracle';
import { neverTake } from './exceptions';
import { acceptedBy, requestsFor } from './requests';
import type { Vocabulary } from './schemas';
import type { Target } from './target';
import type { World } from './world';

/** What has been seen so far. */
export interface Tally {
  sent: number;
  /** Of `sent`, those with something wrong. */
  malformed: number;
  /** Answers that the API document was held against. */
  compared: number;
  /** Of each door: how many it took, how many it refused. */
  doors: Map<string, { taken: number; refused: number }>;
  /** Alike ones once. How to send one again is printed as soon as it is found. */
  faults: string[];
  differences: string[];
  unstorable: string[];
}

interface Problem {
  list: 'faults' | 'differences' | 'unstorable';
  text: string;
  again: string;
}

/** Sends requests to a server and holds each answer against what is promised. */
export class Campaign {
  readonly tally: Tally = {
    sent: 0, malformed: 0, compared: 0, doors: new Map(), faults: [], differences: [], unstorable: [],
  }; // prettier-ignore
  private readonly known = new Set<string>();
  private readonly requests: fc.Arbitrary<Draft>;

  constructor(
    private readonly target: Target,
    private readonly world: World,
    private readonly doors: Door[],
    private readonly vocabulary: Vocabulary,
    private readonly check: DocumentCheck,
  ) {
    this.requests = requestsFor(doors, vocabulary);
    for (const { name } of doors) this.tally.doors.set(name, { taken: 0, refused: 0 });
  }

  /** For each door requests that it should take, until it takes one. */
  async tour(seed: number): Promise<void> {
    for (const [index, door] of this.doors.toSorted((a, b) => rankOf(a) - rankOf(b)).entries()) {
      const drafts = fc.sample(acceptedBy(door, this.vocabulary), { seed: seed * 1_000 + index, numRuns: 6 });
      const tally = this.tally.doors.get(door.name);
      const before = tally?.taken ?? 0;
      for (const draft of drafts) {
        for (const problem of await this.send(draft)) this.keep(problem);
        if (door.name in neverTake || (tally?.taken ?? 0) > before) break;
      }
    }
  }

  /** Requests of all kinds, a handful at a time. What is wrong with one is made as small as it gets. */
  async attack(seed: number, handfuls: number): Promise<void> {
    const property = fc.asyncProperty(
      fc.array(this.requests, { minLength: 1, maxLength: 16, size: 'max' }),
      async (drafts) => {
        const problems = (await Promise.all(drafts.map((draft) => this.send(draft)))).flat();
        const news = problems.filter((problem) => !this.known.has(keyOf(problem)));
        if (news.length > 0) throw new Error(JSON.stringify(news));
      },
    );
    for (let left = handfuls, next = seed; left > 0; next += 1) {
      const { failed, numRuns, errorInstance } = await fc.check(property, {
        seed: next,
        numRuns: left,
        interruptAfterTimeLimit: 60_000,
      });
      left -= numRuns;
      if (!failed || !(errorInstance instanceof Error)) continue;
      for (const problem of JSON.parse(errorInstance.message) as Problem[]) this.keep(problem);
    }
  }

  private keep(problem: Problem): void {
    if (this.known.has(keyOf(problem))) return;
    this.known.add(keyOf(problem));
    this.tally[problem.list].push(problem.text);
    process.stdout.write(`${problem.text}\n  ${problem.again}\n`);
  }

  private async send(draft: Draft): Promise<Problem[]> {
    const credentials = this.world.headersOf(draft.sender);
    const bytes = toBytes(draft, credentials, (text) => this.world.fill(text));
    const answer = await exchange(this.target.url, bytes, {
      method: draft.method,
      timeoutMs: 10_000,
      ...(draft.unfinished || draft.bytes ? { endAfterMs: 20 } : {}),
    });
    this.tally.sent += 1;
    if (draft.fault) this.tally.malformed += 1;
    const door = this.tally.doors.get(draft.door.name);
    if (door && answer.status >= 200 && answer.status < 300) door.taken += 1;
    if (door && answer.status >= 400) door.refused += 1;
    const problem = (list: Problem['list'], text: string): Problem => ({
      list,
      text: `${draft.door.name}: ${text}`,
      again: `${describeDraft(draft, bytes)}\n  ${answer.status} ${answer.text.slice(0, 300)}`,
    });
    const { faults, unstorable } = judge(draft, answer);
    const difference = this.compare(draft, answer);
    return [
      ...faults.map((text) => problem('faults', text)),
      ...(unstorable ? [problem('unstorable', draft.fault)] : []),
      ...(difference ? [problem('differences', difference)] : []),
    ];
  }

  /** Only where the request went to its door: not where a fault may have led it elsewhere. */
  private compare(draft: Draft, answer: Awaited<ReturnType<typeof exchange>>): string | undefined {
    const { door, method, bytes, unfinished, target } = draft;
    const astray =
      method !== door.method ||
      bytes ||
      unfinished ||
      !new RegExp(`^${door.path.replace(/\{\w+\}/g, '[^/?#;%\\\\]+')}(\\?.*)?$`).test(target);
    if (door.kind !== 'rest' || astray || answer.outcome !== 'answered' || answer.status === 431)
      return undefined;
    this.tally.compared += 1;
    return this.check(door, answer);
  }
}

/** What takes something away comes after what needs it; what needs all as it is, before anything is changed. */
function rankOf({ name }: Door): number {
  if (/\.reorder$|\/order$/.test(name)) return 0;
  if (/\/(revoke-sessions|sign-out)$/.test(name)) return 4;
  if (/\/(remove-member|leave|organization\/delete)$/.test(name)) return 3;
  return /^DELETE |delete|remove|apply$/.test(name) ? 2 : 1;
}

/** Alike are faults of the same text, whatever the door; and for one door the same difference. */
function keyOf({ list, text }: Problem): string {
  const subject = list === 'faults' ? text.slice(text.indexOf(': ')) : text;
  return `${list} ${subject
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'id')
    .replace(/\d{3,} bytes/, 'bytes')
    .slice(0, 200)}`;
}
