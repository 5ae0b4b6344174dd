import { setTimeout as sleep } from 'node:timers/promises';
import { startTestApp } from '../support/app';
import { startModelLists, type ModelListServer } from '../support/wire/model-lists';
import { Campaign } from './input/campaign';
import { createDocumentCheck } from './input/document-check';
import { readDoors, type Doors } from './input/doors';
import { neverTake } from './input/exceptions';
import { startTarget, targetOf, type Target } from './input/target';
import { vocabularyOf } from './input/vocabulary';
import { World } from './input/world';
import { attempts, publish, seed } from './proof';

const malformed = attempts({ short: 400, long: 50_000 });
/** Handfuls of eight requests or so that are sent at one set of people and things. */
const handfuls = attempts({ short: 75, long: 250 });
const inProcess = attempts({ short: 1, long: 0 }) === 1;

jest.setTimeout(attempts({ short: 240_000, long: 7_200_000 }));

describe('whatever is sent to the server', () => {
  let target: Target;
  let doors: Doors;
  let lists: ModelListServer;
  let world: World;
  let campaign: Campaign;
  const memory: number[] = [];

  beforeAll(async () => {
    lists = await startModelLists();
    const app = await startTestApp();
    doors = readDoors(app);
    target = inProcess ? targetOf(app) : await app.close().then(startTarget);
    world = await World.create(target.url, lists);
    const check = createDocumentCheck(doors.document);
    campaign = new Campaign(target, world, doors.all, vocabularyOf(doors.schemas), check);
  });

  afterAll(async () => {
    await target.close();
    await lists.close();
  });

  it('is answered in time, with a code of the closed list, and never by our fault', async () => {
    const { tally } = campaign;
    const startedAt = performance.now();
    for (let round = 0; tally.malformed < malformed && !target.hasEnded(); round += 1) {
      if (round > 0) await world.renew();
      await campaign.tour(seed + round);
      await campaign.attack(seed + round * 1_000, handfuls);
      memory.push(target.memory() ?? 0);
      if (!inProcess) print(`${tally.malformed} of ${malformed}, ${tally.faults.length} faults`);
    }
    const perSecond = Math.round((tally.sent * 1_000) / (performance.now() - startedAt));
    const taken = [...tally.doors.values()].reduce((sum, door) => sum + door.taken, 0);
    print(`${tally.sent} requests, ${perSecond} a second; ${percent(taken, tally.sent)} were taken`);
    const name = 'Malformed requests that gave a 5xx, no answer, or ended the process';
    publish({ name, found: tally.faults.length + Number(target.hasEnded()), of: tally.malformed, aim: 0 });
  });

  it('is stopped at the door, if the database cannot store it', () => {
    const { unstorable, malformed: of } = campaign.tally;
    publish({
      name: 'Values that a door took and the database refused',
      found: unstorable.length,
      of,
      aim: 0,
    });
  });

  it('gets an answer that the API document describes, to the last field', () => {
    const { differences, compared: of } = campaign.tally;
    publish({
      name: 'Answers that the API document does not describe',
      found: differences.length,
      of,
      aim: 0,
    });
  });

  it('reaches every door, which takes what fits and refuses what does not', () => {
    const all = [...campaign.tally.doors].filter(([door]) => !(door in neverTake));
    const onesided = all.filter(([, { taken, refused }]) => taken === 0 || refused === 0);
    onesided.forEach(([door, { taken, refused }]) => print(`${door}: took ${taken}, refused ${refused}`));
    const needless = [...campaign.tally.doors].filter(([door, { taken }]) => door in neverTake && taken > 0);
    expect(needless.map(([door]) => door)).toEqual([]);
    const name = 'Doors that took a request and refused one';
    // The short form is too short to break a request for each of them.
    const found = inProcess ? all.filter(([, { taken }]) => taken > 0).length : all.length - onesided.length;
    publish({ name, found, of: all.length, aim: 'all' });
  });

  it('poisons nothing: every list of every team can still be read, to its end', async () => {
    const unreadable: string[] = [];
    let read = 0;
    for (const team of world.teams) {
      for (const path of pagesOf(doors)) {
        for (let cursor: string | undefined = ''; cursor !== undefined; read += 1) {
          const next = cursor && `&cursor=${encodeURIComponent(cursor)}`;
          const { status, body, text } = await team.get(`${path}?limit=200${next}`);
          if (status !== 200) unreadable.push(`${path}: ${status} ${text.slice(0, 300)}`);
          cursor = body?.nextCursor;
        }
      }
    }
    unreadable.forEach(print);
    publish({ name: 'Pages that could not be read afterwards', found: unreadable.length, of: read, aim: 0 });
  });

  it('leaves the server as it was: no fault in its log, no warning, all connections free', async () => {
    const loud = target.lines().filter((line) => /"level":"(?:error|fatal)"|Warning:|^\s+at /.test(line));
    expect(loud.slice(0, 20)).toEqual([]);
    await sleep(100);
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => world.teams.at(-1)!.get('/api/v1/agents')),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect((await fetch(`${target.url}/health/ready`)).status).toBe(200);
    const [first = 0, last = 0] = [memory[Math.floor(memory.length / 3)], memory.at(-1)];
    print(`memory: ${megabytes(first)} after a third, ${megabytes(last)} in the end`);
    expect(last).toBeLessThanOrEqual(first * 1.5 + 100 * 2 ** 20);
  });
});

/** Lists of a team: what answers pages and needs no id. */
function pagesOf({ document }: Doors): string[] {
  return Object.entries(document.paths).flatMap(([path, { get }]) => {
    const parameters = (get?.parameters ?? []) as { name: string }[];
    return !path.includes('{') && parameters.some(({ name }) => name === 'cursor') ? [path] : [];
  });
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

function percent(part: number, whole: number): string {
  return `${((part / whole) * 100).toFixed(0)} %`;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
