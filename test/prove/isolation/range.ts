import type { RouteOptions } from 'fastify';
import { toTeamId } from '@kdx/shared';
import { TeamChanges, TeamDeletions } from '../../../src/platform/tenancy';
import { Database, Housekeeping, Recovery } from '../../../src/platform/database';
import { HelperQueue } from '../../../src/chat/context/helper-queue';
import { CallerService } from '../../../src/identity/callers/caller.service';
import { recordRoutes } from '../../architecture/routes';
import { startTestApp, type TestApp } from '../../support/app';
import { signUp } from '../../support/client';
import { eventually } from '../../support/streams';
import { startWireServer } from '../../support/wire';
import { startModelLists } from '../../support/wire/model-lists';
import { plantCanaries } from './canaries';
import type { Askers } from './credentials';
import { toNever, type Ids } from './slots';
import { State } from './state';
import { StatementTap } from './statements';
import { canary, makeAskers, makeTeam, provideSpare, type Team } from './teams';

/** The whole application with our team and the other, ready for attempts. */
export interface Range {
  app: TestApp;
  routes: RouteOptions[];
  askers: Askers;
  theirs: Team;
  /** Ids of the other team's owner and member. */
  worlds: { theirs: Ids; theirMember: Ids };
  /** The same ids with another end, which never were: what a twin names. */
  never: { theirs: Ids; theirMember: Ids };
  /** With another end again: what an attempt names beside them. */
  nowhere: Ids;
  state: State;
  tap: StatementTap;
  close(): Promise<void>;
}

/** Sets everything up, and takes down what the other team's rows are. */
export async function prepareRange(): Promise<Range> {
  const [wire, lists] = [await startWireServer('openai'), await startModelLists()];
  const tap = new StatementTap();
  tap.install();
  const { result: app, routes } = await recordRoutes(() => startTestApp());
  // Nothing of all teams' happens in the middle of an attempt: what is old is not deleted, nor what is unfinished ended.
  app.nest.get(Housekeeping).onApplicationShutdown();
  app.nest.get(Recovery).onApplicationShutdown();
  const platformAdmin = await signUp(app, 'platform'); // the first person of an instance is its platform admin
  // The other team is older: where its rows stand beside ours, an index gives them first.
  const theirs = await makeTeam(app, wire, canary);
  const askers = await makeAskers(app, wire, platformAdmin);
  if (!(await settle(app, tap))) throw new Error('The teams are not ready: something still runs.');
  await plantCanaries(app, tap, askers.admin.ids.team, theirs.owner.ids.team);
  await provideSpare(askers.platformAdmin.client, lists); // behind the copies: the other team has no part in it
  const state = await State.take(app, tap, theirs.owner.ids.team);
  const worlds = { theirs: theirs.owner.ids, theirMember: theirs.member.ids };
  return {
    app,
    routes,
    askers,
    theirs,
    worlds,
    never: { theirs: toNever(worlds.theirs), theirMember: toNever(worlds.theirMember) },
    nowhere: toNever(toNever(worlds.theirs)),
    state,
    tap,
    close: async () => {
      await app.close();
      await wire.close();
      await lists.close();
      tap.uninstall();
    },
  };
}

/** Makes the application forget what it remembers of callers, teams and opened keys: the next call reads the database. */
export function forgetAll({ app, askers }: Range): void {
  app.nest.get(CallerService).forgetAll();
  app.nest.get(TeamChanges).tell(undefined);
  app.nest.get(TeamDeletions).tell(toTeamId(askers.admin.ids.team));
}

/**
 * Waits until nothing runs any more: an answer is stored after its stream has ended, and a title is made after that. False where it
 * never does.
 */
export async function settle(app: TestApp, tap: StatementTap): Promise<boolean> {
  const running = `select (select count(*) from ai_execution where outcome = 'running')
                        + (select count(*) from chat_message where status = 'streaming') as count`;
  const isQuiet = () =>
    tap.without(async () => {
      const { rows } = await app.nest.get(Database).pool.query<{ count: number }>(running);
      return rows[0]?.count === 0 && app.nest.get(HelperQueue).size === 0;
    });
  return eventually(isQuiet).catch(() => false);
}
