import type { KeyObject } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { TeamId } from '@kdx/shared';

const maxAgeMs = 600_000;
/** A key that did not open is tried again after this long: a key service comes back, an operator mends. */
const rememberFailureMs = 30_000;

/**
 * The opened data keys of teams, for ten minutes, and for half a minute those that did not open. Concurrent openings of
 * one share one; what is opened while the team is forgotten is handed out but not kept.
 */
export class DataKeyCache {
  private readonly keys = new LRUCache<string, KeyObject>({ max: 10_000, ttl: maxAgeMs });
  private readonly failures = new LRUCache<string, Error>({ max: 10_000, ttl: rememberFailureMs });
  private readonly opening = new Map<string, Promise<KeyObject>>();

  /** @param id the data key's */
  async get(teamId: TeamId, id: string, open: () => Promise<KeyObject>): Promise<KeyObject> {
    const name = `${teamId}/${id}`;
    const known = this.keys.get(name) ?? this.opening.get(name);
    if (known) return known;
    const opening: Promise<KeyObject> = open()
      .then(
        (key) => {
          if (this.opening.get(name) === opening) this.set(teamId, id, key);
          return key;
        },
        (error: unknown) => {
          if (error instanceof Error) this.failures.set(name, error);
          throw error;
        },
      )
      .finally(() => {
        if (this.opening.get(name) === opening) this.opening.delete(name);
      });
    this.opening.set(name, opening);
    return opening;
  }

  set(teamId: TeamId, id: string, key: KeyObject): void {
    this.keys.set(`${teamId}/${id}`, key);
    this.failures.delete(`${teamId}/${id}`);
  }

  /** Why it did not open a moment ago. */
  findFailure(teamId: TeamId, id: string): Error | undefined {
    return this.failures.get(`${teamId}/${id}`);
  }

  /** Drops all keys of a team, or of all teams. */
  forget(teamId: TeamId | undefined): void {
    if (teamId === undefined) {
      this.keys.clear();
      this.failures.clear();
      this.opening.clear();
      return;
    }
    const prefix = `${teamId}/`;
    for (const map of [this.keys, this.failures, this.opening])
      for (const name of [...map.keys()]) if (name.startsWith(prefix)) map.delete(name);
  }
}
