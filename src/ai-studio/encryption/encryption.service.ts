import { createHash, createHmac, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { v7 as uuidv7 } from 'uuid';
import type { TeamId } from '@kdx/shared';
import { TeamDeletions } from '../../platform/tenancy';
import { DataKeyCache } from './data-key-cache';
import { KekUnavailableError, type KekProvider } from './kek-provider';
import {
  blobDekId,
  openBlob,
  sealBlob,
  SealedBlobError,
  type DataKey,
  type SecretBinding,
} from './sealed-blob';
import type { TeamKey } from './team-key.entity';
import { TeamKeyRepository } from './team-key.repository';
import { toUnreadable } from './unreadable';

/** Nest injection token of the {@link KekProvider}. */
export const KEK_PROVIDER = Symbol('KEK_PROVIDER');

/** A wrapped data key of a team, as its row holds it. */
export interface WrappedTeamKey {
  id: string;
  wrapped: Buffer;
  kekId: string;
  kekVersion: string;
}

/** Where a secret lives: its team comes from the call. */
export type SecretPlace = Omit<SecretBinding, 'teamId'>;

/** The secrets that a room has sealed, for the day on which a team gets a new data key. */
export interface SealedSecrets {
  /** Seals each secret of the team anew that is not under the data key `dekId`. Answers how many it were. */
  reseal(teamId: TeamId, dekId: string): Promise<number>;
  /** The sealed secrets themselves. */
  list(teamId: TeamId): Promise<Buffer[]>;
}

/** What a caller who opens a secret knows. */
export interface Opening {
  /** Rows of `team_key` that it read already; what is not among them is read. */
  known?: WrappedTeamKey[];
  /** The endpoint that stores the secret: an error says that it can be stored again there. */
  storedBy?: string;
}

/** Seals and opens the secrets of teams. The one place of the product that touches ciphers. */
@Injectable()
export class EncryptionService {
  /** Of every room that keeps any. */
  readonly secrets: SealedSecrets[] = [];
  private readonly dataKeys = new DataKeyCache();
  /** Digests of blobs that were found to be damaged or misplaced. */
  private readonly damaged = new LRUCache<string, true>({ max: 10_000 });

  constructor(
    @Inject(KEK_PROVIDER) private readonly kek: KekProvider,
    @Inject(TeamKeyRepository) private readonly teamKeys: TeamKeyRepository,
    @Inject(TeamDeletions) deletions: TeamDeletions,
  ) {
    deletions.subscribe((teamId) => this.dataKeys.forget(teamId));
  }

  /**
   * Seals a secret for its place; makes the team's data key if it has none. Throws `TOKEN_UNREADABLE` if the one that it
   * has does not open here.
   */
  async seal(teamId: TeamId, place: SecretPlace, plaintext: string): Promise<Buffer> {
    return sealBlob(await this.ensureDataKey(teamId), { ...place, teamId }, plaintext);
  }

  /**
   * Opens a sealed secret at its place. Throws `TOKEN_UNREADABLE` if it does not open here: wrong key-encryption key,
   * moved or altered row.
   */
  async open(
    teamId: TeamId,
    place: SecretPlace,
    blob: Buffer,
    { known = [], storedBy }: Opening = {},
  ): Promise<string> {
    try {
      const dataKey = await this.findDataKey(teamId, blobDekId(blob), known);
      return openBlob(blob, dataKey, { ...place, teamId });
    } catch (error) {
      if (error instanceof SealedBlobError && error.reason !== 'dek') this.damaged.set(digest(blob), true);
      throw toUnreadable(error, storedBy);
    }
  }

  /**
   * Whether a sealed secret can be expected to open, without opening it: its data key is one of the team's, that opens
   * here (tried at most once in a while, for all secrets under it), and the secret itself has not failed before.
   * @param known all rows of `team_key` of the team
   */
  async isReadable(teamId: TeamId, blob: Buffer, known: WrappedTeamKey[]): Promise<boolean> {
    if (this.damaged.has(digest(blob))) return false;
    try {
      const id = blobDekId(blob);
      const row = known.find((key) => key.id === id);
      if (row && !this.kek.kekIds.includes(row.kekId)) return false;
      if (this.dataKeys.findFailure(teamId, id)) return false;
      await this.findDataKey(teamId, id, known);
      return true;
    } catch (error) {
      if (error instanceof KekUnavailableError || error instanceof SealedBlobError) return false;
      throw error;
    }
  }

  /**
   * HMAC-SHA-256 of a secret under the team's data key, 16 hex digits: tells two keys apart without telling them. Throws
   * as `seal` does.
   */
  async fingerprint(teamId: TeamId, plaintext: string): Promise<string> {
    const { key } = await this.ensureDataKey(teamId);
    return createHmac('sha256', key)
      .update('ai-studio fingerprint\0')
      .update(plaintext)
      .digest('hex')
      .slice(0, 16);
  }

  /** A room that keeps sealed secrets says so once, so that they are sealed anew under a new data key. */
  registerSecrets(secrets: SealedSecrets): void {
    this.secrets.push(secrets);
  }

  /** The data key that a sealed secret is under. Throws `TOKEN_UNREADABLE` for what is none. */
  dataKeyOf(blob: Buffer): string {
    try {
      return blobDekId(blob);
    } catch (error) {
      throw toUnreadable(error);
    }
  }

  /** Makes a new data key: from now on it seals, and what the older ones sealed still opens. Answers its id. */
  async renewDataKey(teamId: TeamId): Promise<string> {
    return (await this.createDataKey(teamId, (key) => this.teamKeys.renew(key))).id;
  }

  /**
   * The key that seals now. One that does not open here is not replaced by a new one: the team would then have secrets
   * under two key rings, and no server that opens both.
   */
  private async ensureDataKey(teamId: TeamId): Promise<DataKey> {
    const newest = await this.teamKeys.findNewest(teamId);
    if (!newest) return this.createDataKey(teamId, (key) => this.teamKeys.insert(key));
    try {
      return await this.unwrap(teamId, newest);
    } catch (error) {
      throw toUnreadable(error);
    }
  }

  private async createDataKey(
    teamId: TeamId,
    store: (key: TeamKey & { teamId: TeamId }) => Promise<void>,
  ): Promise<DataKey> {
    const id = uuidv7();
    const plain = randomBytes(32);
    try {
      const wrapped = await this.kek.wrap(plain, { teamId, dekId: id });
      await store({ teamId, id, ...wrapped, createdAt: new Date() });
      const key = createSecretKey(plain);
      this.dataKeys.set(teamId, id, key);
      return { id, key };
    } catch (error) {
      throw toUnreadable(error);
    } finally {
      plain.fill(0);
    }
  }

  private async findDataKey(teamId: TeamId, id: string, known: WrappedTeamKey[]): Promise<DataKey> {
    const given = known.find((key) => key.id === id);
    const row = given ?? (await this.teamKeys.find(teamId, id));
    if (!row) throw new SealedBlobError('dek');
    try {
      return await this.unwrap(teamId, row);
    } catch (error) {
      // The caller's row may be older than a rotation that has retired what wrapped it.
      const stored = given && error instanceof KekUnavailableError && (await this.teamKeys.find(teamId, id));
      if (!stored || stored.wrapped.equals(row.wrapped)) throw error;
      return this.unwrap(teamId, stored);
    }
  }

  private async unwrap(teamId: TeamId, row: WrappedTeamKey): Promise<DataKey> {
    const key = await this.dataKeys.get(teamId, row.id, () => this.openWrapped(teamId, row));
    return { id: row.id, key };
  }

  private async openWrapped(teamId: TeamId, row: WrappedTeamKey): Promise<KeyObject> {
    const plain = await this.kek.unwrap(row.wrapped, row.kekId, row.kekVersion, { teamId, dekId: row.id });
    const key = createSecretKey(plain);
    plain.fill(0);
    return key;
  }
}

function digest(blob: Buffer): string {
  return createHash('sha256').update(blob).digest('base64');
}
