import { LRUCache } from 'lru-cache';
import type { TeamId } from '@kdx/shared';
import type { TeamChanges } from './team-changes';

interface Options {
  maxTeams: number;
  /** Milliseconds after which an entry is read again although nothing was heard: the bound on staleness. */
  maxAgeMs: number;
  /** Entries kept of one team. */
  maxKeysPerTeam?: number;
}

type Entries<V> = LRUCache<string, NonNullable<V> & object>;

/**
 * What a process remembers of teams, led by the team's id. A change of a team drops all of its entries; a value whose
 * loading began before a change is handed out but not kept. Concurrent loads of one entry share one.
 */
export class TeamCache<V extends object> {
  private readonly teams: LRUCache<TeamId, Entries<V>>;
  private readonly loading = new Map<string, Promise<V>>();
  private readonly options: Required<Options>;

  constructor(changes: TeamChanges, options: Options) {
    this.options = { maxKeysPerTeam: 1_000, ...options };
    this.teams = new LRUCache({ max: options.maxTeams });
    changes.subscribe((teamId) => this.forget(teamId));
  }

  /** The remembered value without a promise, or `undefined`. */
  peek(teamId: TeamId, key: string): V | undefined {
    return this.teams.get(teamId)?.get(key);
  }

  async get(teamId: TeamId, key: string, load: () => Promise<V>): Promise<V> {
    return this.peek(teamId, key) ?? (await this.load(teamId, key, load));
  }

  private load(teamId: TeamId, key: string, load: () => Promise<V>): Promise<V> {
    const id = `${teamId}/${key}`;
    const running = this.loading.get(id);
    if (running) return running;
    const entries = this.entriesOf(teamId);
    const promise = load()
      .then((value) => {
        // After a change the team has other entries, or none: this value may be old.
        if (this.teams.peek(teamId) === entries) entries.set(key, value);
        return value;
      })
      .finally(() => {
        if (this.loading.get(id) === promise) this.loading.delete(id);
      });
    this.loading.set(id, promise);
    return promise;
  }

  private entriesOf(teamId: TeamId): Entries<V> {
    const known = this.teams.get(teamId);
    if (known) return known;
    const entries: Entries<V> = new LRUCache({
      max: this.options.maxKeysPerTeam,
      ttl: this.options.maxAgeMs,
    });
    this.teams.set(teamId, entries);
    return entries;
  }

  private forget(teamId: TeamId | undefined): void {
    if (teamId === undefined) {
      this.teams.clear();
      this.loading.clear();
      return;
    }
    this.teams.delete(teamId);
    for (const id of this.loading.keys()) if (id.startsWith(`${teamId}/`)) this.loading.delete(id);
  }
}
