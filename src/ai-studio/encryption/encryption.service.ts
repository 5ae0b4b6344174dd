import { createHmac, createSecretKey, randomBytes, type KeyObject } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { v7 as uuidv7 } from 'uuid';
import type { TeamId } from '@kdx/shared';
import { AppError } from '../../platform/errors';
import { KekUnavailableError, type KekProvider } from './kek-provider';
import {
  blobDekId,
  openBlob,
  sealBlob,
  SealedBlobError,
  type DataKey,
  type SecretBinding,
} from './sealed-blob';
import { TeamKeyRepository } from './team-key.repository';

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

/** Seals and opens the secrets of teams. The one place of the product that touches ciphers. */
@Injectable()
export class EncryptionService {
  private readonly dataKeys = new LRUCache<string, KeyObject>({ max: 10_000, ttl: 600_000 });

  constructor(
    @Inject(KEK_PROVIDER) private readonly kek: KekProvider,
    @Inject(TeamKeyRepository) private readonly teamKeys: TeamKeyRepository,
  ) {}

  /**
   * Seals a secret for its place; makes the team's data key if it has none. Throws `TOKEN_UNREADABLE` if the one that it
   * has does not open here.
   */
  async seal(teamId: TeamId, place: SecretPlace, plaintext: string): Promise<Buffer> {
    return sealBlob(await this.ensureDataKey(teamId), { ...place, teamId }, plaintext);
  }

  /**
   * Opens a sealed secret at its place. `known` holds rows of `team_key` that the caller read already; without it the
   * row is read. Throws `TOKEN_UNREADABLE` if it does not open here: wrong key-encryption key, moved or altered row.
   */
  async open(
    teamId: TeamId,
    place: SecretPlace,
    blob: Buffer,
    known: WrappedTeamKey[] = [],
  ): Promise<string> {
    try {
      const id = blobDekId(blob);
      const row = known.find((key) => key.id === id) ?? (await this.teamKeys.find(teamId, id));
      if (!row) throw new SealedBlobError('dek');
      return openBlob(blob, await this.unwrap(teamId, row), { ...place, teamId });
    } catch (error) {
      throw toUnreadable(error);
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

  /**
   * The key that seals now. One that does not open here is not replaced by a new one: the team would then have secrets
   * under two key rings, and no server that opens both.
   */
  private async ensureDataKey(teamId: TeamId): Promise<DataKey> {
    const newest = await this.teamKeys.findNewest(teamId);
    if (!newest) return this.createDataKey(teamId);
    try {
      return await this.unwrap(teamId, newest);
    } catch (error) {
      throw toUnreadable(error);
    }
  }

  private async createDataKey(teamId: TeamId): Promise<DataKey> {
    const id = uuidv7();
    const plain = randomBytes(32);
    const wrapped = await this.kek.wrap(plain, { teamId, dekId: id });
    await this.teamKeys.insert({ teamId, id, ...wrapped, createdAt: new Date() });
    return this.remember(teamId, id, plain);
  }

  private async unwrap(teamId: TeamId, row: WrappedTeamKey): Promise<DataKey> {
    const known = this.dataKeys.get(`${teamId}/${row.id}`);
    if (known) return { id: row.id, key: known };
    const plain = await this.kek.unwrap(row.wrapped, row.kekId, row.kekVersion, { teamId, dekId: row.id });
    return this.remember(teamId, row.id, plain);
  }

  private remember(teamId: TeamId, id: string, plain: Buffer): DataKey {
    const key = createSecretKey(plain);
    plain.fill(0);
    this.dataKeys.set(`${teamId}/${id}`, key);
    return { id, key };
  }
}

/** `TOKEN_UNREADABLE` with what helps: where the ring is wrong, storing the key again is refused too. Other errors stay. */
function toUnreadable(error: unknown): unknown {
  if (error instanceof KekUnavailableError) return unreadable(wrongRing, error);
  if (error instanceof SealedBlobError) return unreadable(wrongRow, error);
  return error;
}

const wrongRing =
  "The team's keys cannot be opened by this server, and none can be stored. The operator has to restore the key ring that sealed them (AI_STUDIO_KEK) first; nothing is lost.";
const wrongRow =
  'The stored key cannot be opened: its row was altered, or belongs elsewhere. An admin can store it again.';

function unreadable(message: string, cause: KekUnavailableError | SealedBlobError): AppError {
  return new AppError('TOKEN_UNREADABLE', message, { cause, details: { reason: cause.reason } });
}
