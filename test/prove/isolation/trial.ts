import type { Answer, Client } from '../../support/client';
import { describeAttempt, hasForeign, type Attempt } from './attempts';
import { forgetAll, settle, type Range } from './range';
import { send, writes } from './send';
import { fill, type Ids } from './slots';
import type { Statement } from './statements';
import { canary } from './teams';

/** What came of an attempt. */
export interface Outcome {
  attempt: Attempt;
  status: number;
  /** What it showed or changed of the other team; nothing, if all is well. */
  problems: string[];
  /** Statements that ran as the application. */
  statements: string[];
  /** Status, body and row counts, without what differs from call to call. */
  print: string;
}

/** One request and everything that it caused. */
interface Exchange {
  answer: Answer;
  statements: Statement[];
  logs: string;
  /** Whether all that it began has ended. */
  ended: boolean;
}

/** How many attempts may pass before the other team's rows are compared: those that change something, at once. */
const batchSize = 25;

/** Makes attempts, one at a time, and looks at all that they caused. */
export class Trial {
  /** Attempts that were made; twins with ids that never were are not counted. */
  count = 0;
  /** Differences from a twin that were not there when both were asked again. */
  passing = 0;
  private batch: Attempt[] = [];

  constructor(private readonly range: Range) {}

  /** Makes an attempt and, where it names anything of the other team, its twin; they have to be answered alike. */
  async run(attempt: Attempt): Promise<Outcome> {
    this.count += 1;
    const exchange = await this.ask(attempt, 'worlds');
    const problems = this.findTraces(exchange, this.saidWords(attempt));
    if (!exchange.ended) problems.push('left something running for ever');
    problems.push(...(await this.checkWrites(attempt, exchange.answer)));
    if (hasForeign(attempt)) problems.push(...(await this.compareWithTwin(attempt, exchange)));
    const asTeam = exchange.statements.filter((statement) => statement.asTeam);
    return {
      attempt,
      status: exchange.answer.status,
      problems: problems.map((problem) => `${describeAttempt(attempt)}: ${problem}`),
      statements: asTeam.map(({ text }) => text),
      print: toPrint(exchange, []),
    };
  }

  /** Compares the other team's rows after the last attempts; on a difference makes them again, one by one, to name the one. */
  async endBatch(): Promise<string[]> {
    const { batch } = this;
    this.batch = [];
    const touched = await this.range.state.restore();
    if (touched.length === 0) return [];
    for (const attempt of batch) {
      await this.ask(attempt, 'worlds');
      const again = await this.range.state.restore();
      if (again.length > 0) return [`${describeAttempt(attempt)}: changed rows of ${again.join(', ')}`];
    }
    return [
      `one of ${batch.length} attempts changed rows of ${touched.join(', ')}: ${batch.map(describeAttempt).join(' | ')}`,
    ];
  }

  /**
   * What differs in the answer is a problem at once. What the database was asked meanwhile also depends on the moment (the
   * end of an answer before, a sweep): that is one where it differs each of three times.
   */
  private async compareWithTwin(attempt: Attempt, first: Exchange): Promise<string[]> {
    const problems: string[] = [];
    const sent = this.sentWords(attempt);
    for (let exchange = first, looks = 1; ; looks += 1) {
      const twin = await this.ask(attempt, 'never');
      problems.push(...(await this.checkWrites(attempt, twin.answer)));
      const difference = attempt.recipe.tells ? undefined : compare(exchange, twin, sent);
      if (!difference) {
        if (looks > 1) this.passing += 1;
        return problems;
      }
      if (difference.isInAnswer || looks === 3) return [...problems, difference.text];
      exchange = await this.ask(attempt, 'worlds');
      problems.push(...this.findTraces(exchange, this.saidWords(attempt)));
      problems.push(...(await this.checkWrites(attempt, exchange.answer)));
    }
  }

  private async ask(attempt: Attempt, kind: 'worlds' | 'never'): Promise<Exchange> {
    const { app, tap } = this.range;
    forgetAll(this.range);
    tap.seen = [];
    const logged = app.logs.length;
    const answer = await send(this.clientOf(attempt, kind), {
      door: attempt.recipe.door,
      input: fill(attempt.recipe.input, (_, at) => this.idAt(attempt, at, kind)),
    });
    const began = tap.seen.some(({ text }) => /into "ai_execution"|into chat_message/.test(text));
    const ended = !began || (await settle(app, tap));
    return { answer, statements: tap.seen, logs: app.logs.slice(logged).join('\n'), ended };
  }

  /** After a change: what it did to the other team's rows, and everything back in its place. */
  private async checkWrites(attempt: Attempt, { status }: Answer): Promise<string[]> {
    if (writes(attempt.recipe.door) && status < 300) {
      const touched = await this.range.state.restore();
      return touched.length > 0 ? [`changed rows of ${touched.join(', ')}`] : [];
    }
    if (!this.batch.includes(attempt)) this.batch.push(attempt);
    return this.batch.length < batchSize ? [] : this.endBatch();
  }

  private clientOf({ credential, header }: Attempt, kind: 'worlds' | 'never'): Client {
    const { client } = this.asker(credential);
    if (header === 'own') return client;
    if (header === 'none') return client.inTeam('');
    return client.inTeam(this.range[kind].theirs.team);
  }

  private idAt({ recipe, credential, choices }: Attempt, at: string, kind: 'worlds' | 'never'): string {
    const choice = choices.get(at);
    const slot = at
      .split('.')
      .reduce<unknown>((part, name) => (part as Record<string, unknown>)[name], recipe.input);
    if (!choice || typeof slot !== 'object' || slot === null || !('spellings' in slot))
      throw new Error(`No slot at ${at}.`);
    const { ids: own } = this.asker(credential);
    const spell = (slot.spellings as ((ids: Ids, own: Ids) => string)[])[choice.spelling];
    if (!spell) throw new Error(`No such spelling at ${at}.`);
    const { world } = choice;
    if (world === 'own') return spell(own, own);
    return spell(world === 'never' ? this.range.nowhere : this.range[kind][world], own);
  }

  /** Pairs of what an attempt says of the other team, and what its twin says in its place. */
  private sentWords(attempt: Attempt): [string, string][] {
    const pairs = [...attempt.choices.keys()].map((at): [string, string] => [
      this.idAt(attempt, at, 'worlds'),
      this.idAt(attempt, at, 'never'),
    ]);
    if (attempt.header === 'theirs')
      pairs.push([this.range.worlds.theirs.team, this.range.never.theirs.team]);
    return pairs.filter(([foreign, never]) => foreign !== never).toSorted(([a], [b]) => b.length - a.length);
  }

  /** All that an attempt says that is not its own: longest first. */
  private saidWords(attempt: Attempt): string[] {
    const said = [...attempt.choices]
      .filter(([, { world }]) => world !== 'own')
      .map(([at]) => this.idAt(attempt, at, 'worlds'));
    if (attempt.header === 'theirs') said.push(this.range.worlds.theirs.team);
    return said.toSorted((a, b) => b.length - a.length);
  }

  /** The other team's texts and ids, anywhere in what the attempt caused. What it said itself may come back. */
  private findTraces({ answer, statements, logs }: Exchange, said: string[]): string[] {
    const { theirs, theirMember } = this.range.worlds;
    const { colleagueEmail: _, ...names } = theirs;
    const ids = [...Object.values(names), theirMember.user, theirMember.session, theirMember.execution];
    const secrets = [canary, ...ids].map((id) => id.toLowerCase());
    const rows = statements.filter(({ asTeam }) => asTeam).map((statement) => statement.rows);
    const places = {
      body: answer.text,
      headers: JSON.stringify([...answer.headers]),
      logs,
      'rows from the database': JSON.stringify(rows),
    };
    return Object.entries(places).flatMap(([place, text]) => {
      const rest = said.reduce(without, text.toLowerCase());
      const found = secrets.filter((secret) => rest.includes(secret));
      return found.length > 0 ? [`shows ${found.join(', ')} in ${place}`] : [];
    });
  }

  private asker(credential: Attempt['credential']) {
    const asker = this.range.askers[credential];
    if (!asker) throw new Error(`Nobody asks as ${credential}.`);
    return asker;
  }
}

/** What the two answers and their statements differ in; `undefined` for nothing. */
function compare(
  attempt: Exchange,
  twin: Exchange,
  sent: [string, string][],
): { text: string; isInAnswer: boolean } | undefined {
  const foreign = sent.map(([word]) => word);
  const never = sent.map(([, word]) => word);
  const [one, other] = [toPrint(attempt, foreign), toPrint(twin, never)];
  if (one === other) return undefined;
  return {
    text: `is not answered as an id that never was:\n  ${one}\n  ${other}`,
    isInAnswer: toAnswerPrint(attempt, foreign) !== toAnswerPrint(twin, never),
  };
}

/** What is compared: the answer, and how many rows each statement found or changed. */
function toPrint(exchange: Exchange, sent: string[]): string {
  const counts = exchange.statements
    .filter(({ asTeam, text }) => asTeam && !uncounted.test(text))
    .map(({ text, rowCount }) => `${text.slice(0, 2_000)} → ${rowCount}`)
    .toSorted();
  return `${toAnswerPrint(exchange, sent)}\n  ${counts.join('\n  ')}`;
}

/** Of the answer. `sent` becomes `<sent>`; times, new ids and durations of what was done are nobody's. */
function toAnswerPrint({ answer }: Exchange, sent: string[]): string {
  const { status, headers, text } = answer;
  const told = [...headers].filter(([name]) => !changing.has(name));
  let print = `${status} ${JSON.stringify(told)} ${text}`.replaceAll(
    headers.get('x-request-id') ?? '-',
    '<request>',
  );
  for (const [index, word] of sent.entries()) print = replaceWord(print, word, `<sent ${index}>`);
  if (status < 300)
    print = print
      .replace(time, '<time>')
      .replace(newId, '<id>')
      .replace(eventId, '$1<event>')
      .replace(duration, '$1<ms>')
      .replace(token, '$1<token>');
  return print;
}

/**
 * What says nothing of another team and differs from call to call: how a transaction begins and ends, refused attempts
 * (of which a person's first twenty a minute are recorded), who it is that asks, what an answer stores and tells as it
 * grows, and last uses.
 */
const uncounted =
  /^(?:start transaction|commit|rollback)[^(]*$|insert into (?:public\.audit_event|chat_answer_event)|^select pg_notify|^\s*select id, team_id as "teamId", name, scopes, digest|from "auth_(?:session|user)"|^\s*select role from team_member|^UPDATE "(?:chat_message|ai_execution)"|set last_used_at =/;
const changing = new Set([
  'date',
  'x-request-id',
  'keep-alive',
  'set-auth-token',
  'set-cookie',
  'content-length',
]);
const time = /\d{4}-\d{2}-\d{2}T[\d:.]+Z/g;
const newId = /[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g;
/** The number of an event stays; the rest is the end of a new id. */
const eventId = /(\bid: \d+\.)[0-9a-f]{8}\b/g;
const token = /("token":")\w+/g;
const duration = /("(?:latencyMs|ms|firstPartMs|totalMs)":)\d+/g;

function without(text: string, word: string): string {
  return replaceWord(text, word.toLowerCase(), '');
}

function replaceWord(text: string, word: string, by: string): string {
  return [word, encodeURIComponent(word), new URLSearchParams({ '': word }).toString().slice(1)].reduce(
    (left, spelling) => left.replaceAll(spelling, by),
    text,
  );
}
