import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import type { Scope, TeamId } from '@kdx/shared';
import { AuditLog, toEvent } from '../../platform/audit';
import { EgressGuard } from '../../platform/egress';
import { notFound } from '../../platform/errors';
import { validationFailed } from '../../platform/http';
import { LOGGER, type Logger } from '../../platform/logging';
import { SecretString } from '../../platform/secrets';
import { EncryptionService } from '../encryption/encryption.service';
import { describeFailure } from '../execution/failures';
import {
  TeamSnapshots,
  type SnapshotProvider,
  type SnapshotToken,
  type TeamSnapshot,
} from '../models/team-snapshot';
import { findKeyMoved, keyMissing, toError } from '../models/usability';
import { getProviderKind } from '../providers/provider-kinds';
import { keySwitch } from '../providers/switches';
import { tokenPlace } from './token-place';
import type { TokenTestView, TokenView } from './token.dto';
import type { ProviderToken } from './token.entity';
import { TokenRepository } from './token.repository';

const testTimeoutMs = 10_000;

/** A team's keys for providers: stored sealed, shown masked, opened for one purpose. */
@Injectable()
export class TokenService {
  constructor(
    @Inject(TokenRepository) private readonly tokens: TokenRepository,
    @Inject(EncryptionService) private readonly encryption: EncryptionService,
    @Inject(TeamSnapshots) private readonly snapshots: TeamSnapshots,
    @Inject(EgressGuard) private readonly egress: EgressGuard,
    @Inject(AuditLog) private readonly audit: AuditLog,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    encryption.registerSecrets({
      reseal: (teamId, dekId) => this.reseal(teamId, dekId),
      list: async (teamId) => (await this.tokens.list(teamId)).map(({ sealed }) => sealed),
    });
  }

  async list(teamId: TeamId): Promise<TokenView[]> {
    const snapshot = await this.snapshots.get(teamId);
    const tokens = await this.tokens.list(teamId);
    return Promise.all(tokens.map((token) => this.toView(teamId, snapshot, token)));
  }

  /** Stores or replaces the key of a provider. The key is sealed before it reaches the database. */
  async save(scope: Scope, providerId: string, given: string): Promise<TokenView> {
    const { teamId } = scope;
    const snapshot = await this.snapshots.get(teamId);
    const provider = getProvider(snapshot, providerId);
    if (getProviderKind(provider.kind).key === 'none') {
      throw validationFailed([{ field: 'providerId', problem: `${provider.displayName} takes no key` }]);
    }
    const token = given.trim();
    if (!/^[\x21-\x7e]+$/.test(token)) {
      throw validationFailed([
        { field: 'token', problem: 'must be printable characters without spaces, as a header can carry' },
      ]);
    }
    const id = (await this.tokens.find(teamId, providerId))?.id ?? uuidv7();
    const sealed = await this.encryption.seal(teamId, tokenPlace(id, provider), token);
    const fingerprint = await this.encryption.fingerprint(teamId, token);
    const saved = await this.tokens.save(scope, providerId, {
      id,
      sealed,
      origin: provider.origin,
      last4: mask(token),
      fingerprint,
    });
    return this.toView(teamId, await this.snapshots.get(teamId), saved);
  }

  async delete(scope: Scope, providerId: string): Promise<void> {
    if (!(await this.tokens.delete(scope, providerId))) throw notFound('The token');
  }

  /** One cheap call to the provider with the stored key. What the provider says of the key is an answer, not an error. */
  async test(scope: Scope, providerId: string): Promise<TokenTestView> {
    const { provider, token } = await this.getStored(scope.teamId, providerId);
    const { keyCheck } = getProviderKind(provider.kind);
    if (!keyCheck)
      throw validationFailed([{ field: 'providerId', problem: `${provider.displayName} takes no key` }]);
    const key = await this.open(scope.teamId, provider, token);
    const startedAt = performance.now();
    const answer = (ok: boolean, error?: string): TokenTestView => ({
      ok,
      latencyMs: Math.round(performance.now() - startedAt),
      ...(error ? { error } : {}),
    });
    try {
      const response = await this.egress.fetch(`${provider.baseUrl}${keyCheck.path}`, {
        headers: keyCheck.headers(key),
        signal: AbortSignal.timeout(testTimeoutMs),
      });
      if (response.ok) {
        await response.body?.cancel();
        return answer(true);
      }
      // Read to be classified, never shown: at Google only the body tells a wrong key from a wrong request.
      const responseBody = await response.text();
      return answer(false, describeFailure({ statusCode: response.status, responseBody }).reason);
    } catch (error) {
      return answer(false, describeFailure(error).reason);
    }
  }

  /** The team's key for a provider, for reading that provider's list of models; `undefined` where there is none. */
  async findKey(teamId: TeamId, providerId: string): Promise<string | undefined> {
    if (!(await this.tokens.find(teamId, providerId))) return undefined;
    const { provider, token } = await this.getStored(teamId, providerId);
    return this.open(teamId, provider, token);
  }

  /**
   * The team's key for a provider, for a consumer that has to speak to it itself. Handing it out is recorded in the
   * audit log first, and fails where that fails: whoever holds it can reveal it at any moment. Each `reveal()` is logged.
   * Throws `TOKEN_MISSING` or `TOKEN_UNREADABLE`.
   */
  async getSecret(scope: Scope, providerId: string): Promise<SecretString> {
    const { teamId, userId, appId } = scope;
    const { provider, token } = await this.getStored(teamId, providerId);
    const key = await this.open(teamId, provider, token);
    // Which consumer got it stands where a name would.
    const target = { type: 'token', id: providerId, name: appId };
    await this.audit.record(teamId, toEvent(scope, { action: 'tokens.reveal', target }));
    return new SecretString(key, () =>
      this.logger.info({ teamId, userId, appId, providerId, tokenId: token.id }, 'provider token revealed'),
    );
  }

  private async getStored(
    teamId: TeamId,
    providerId: string,
  ): Promise<{ provider: SnapshotProvider; token: ProviderToken }> {
    const provider = getProvider(await this.snapshots.get(teamId), providerId);
    const token = await this.tokens.find(teamId, providerId);
    if (!token) throw toError(keyMissing(providerId));
    const { origin: providerOrigin } = provider;
    const moved = findKeyMoved({ providerId, providerOrigin, tokenOrigin: token.origin });
    if (moved) throw toError(moved);
    return { provider, token };
  }

  private open(
    teamId: TeamId,
    provider: SnapshotProvider,
    token: Pick<SnapshotToken, 'id' | 'sealed'>,
  ): Promise<string> {
    const storedBy = keySwitch(provider.id);
    return this.encryption.open(teamId, tokenPlace(token.id, provider), token.sealed, { storedBy });
  }

  private async toView(teamId: TeamId, snapshot: TeamSnapshot, token: ProviderToken): Promise<TokenView> {
    const providerId = token.providerId ?? token.teamProviderId ?? '';
    return {
      id: token.id,
      providerId,
      last4: token.last4,
      fingerprint: token.fingerprint,
      status: await this.statusOf(teamId, snapshot, token),
      createdAt: token.createdAt.toISOString(),
      updatedAt: token.updatedAt.toISOString(),
      lastUsedAt: token.lastUsedAt?.toISOString() ?? null,
    };
  }

  private async statusOf(
    teamId: TeamId,
    { keys, providers }: TeamSnapshot,
    token: ProviderToken,
  ): Promise<TokenView['status']> {
    const provider = providers.get(token.providerId ?? token.teamProviderId ?? '');
    if (!provider || provider.origin !== token.origin) return 'wrongOrigin';
    return (await this.encryption.isReadable(teamId, token.sealed, keys)) ? 'usable' : 'unreadable';
  }

  /** Seals the team's keys under its new data key. The fingerprints change with it: they are made with that key. */
  private async reseal(teamId: TeamId, dekId: string): Promise<number> {
    const { providers } = await this.snapshots.get(teamId);
    let count = 0;
    for (const token of await this.tokens.list(teamId)) {
      const provider = providers.get(token.providerId ?? token.teamProviderId ?? '');
      if (!provider || this.encryption.dataKeyOf(token.sealed) === dekId) continue;
      // For the address that it was stored for: a key whose provider has moved since stays as shut as it was.
      const place = tokenPlace(token.id, { kind: provider.kind, origin: token.origin });
      const key = await this.encryption.open(teamId, place, token.sealed);
      const sealed = await this.encryption.seal(teamId, place, key);
      const fingerprint = await this.encryption.fingerprint(teamId, key);
      if (await this.tokens.reseal(teamId, token, { sealed, fingerprint })) count++;
    }
    return count;
  }
}

/** The last four characters; nothing of a key so short that four would be much of it. */
function mask(token: string): string {
  return token.length < 12 ? '****' : token.slice(-4);
}

function getProvider(snapshot: TeamSnapshot, providerId: string): SnapshotProvider {
  const provider = snapshot.providers.get(providerId);
  if (!provider) throw notFound('The provider');
  return provider;
}
