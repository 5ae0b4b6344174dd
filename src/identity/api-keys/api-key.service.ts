import { Inject, Injectable } from '@nestjs/common';
import { v7 as uuidv7 } from 'uuid';
import { aiStudioApp, type TeamId } from '@kdx/shared';
import { RefusedAttempts } from '../../platform/audit';
import { AppError, notFound } from '../../platform/errors';
import { defaultPageSize, parseCursor, toPage, type Page } from '../../platform/http';
import { toScope, toTeamRole, type ApiKeyGrant, type Caller } from '../callers/caller';
import { DirectoryRepository, type Maker } from '../directory/directory.repository';
import { isGrantable } from '../permissions/grantable';
import { isExpired } from './api-key-callers';
import type {
  ApiKeyMakerView,
  ApiKeyView,
  CreateApiKeyDto,
  CreatedApiKeyView,
  FindApiKeysDto,
} from './api-key.dto';
import type { ApiKey } from './api-key.entity';
import { ApiKeyRepository } from './api-key.repository';
import { makeApiKey } from './api-key-secret';
import { assertGrantable, resolveExpiry } from './grants';

/** Keys through which other programs act as a service of one team. */
@Injectable()
export class ApiKeyService {
  constructor(
    @Inject(ApiKeyRepository) private readonly keys: ApiKeyRepository,
    @Inject(DirectoryRepository) private readonly directory: DirectoryRepository,
    @Inject(RefusedAttempts) private readonly attempts: RefusedAttempts,
  ) {}

  /** Newest first, expired ones too. */
  async list(caller: Caller, { cursor, limit = defaultPageSize }: FindApiKeysDto): Promise<Page<ApiKeyView>> {
    const { teamId } = toScope(caller, aiStudioApp);
    const rows = await this.keys.list(teamId, parseCursor(cursor, 1)?.[0], limit + 1);
    const page = toPage(rows, limit, ({ id }) => [id]);
    return { ...page, items: await this.toViews(teamId, page.items) };
  }

  /** The only answer that holds the secret. Throws `FORBIDDEN` for a key that could do more than who makes it. */
  async create(caller: Caller, { name, scopes, expiresAt }: CreateApiKeyDto): Promise<CreatedApiKeyView> {
    const scope = toScope(caller, aiStudioApp);
    const grant = { scopes, expiresAt: resolveExpiry(caller, expiresAt) };
    await this.assertGrantable(caller, name, grant);
    const id = uuidv7();
    const { secret, digest, last4 } = makeApiKey(id);
    const made = await this.keys.insert(scope, {
      teamId: scope.teamId,
      id,
      name,
      ...grant,
      digest,
      last4,
      lastUsedAt: null,
      createdBy: scope.userId,
      createdAt: new Date(),
    });
    const makers = await this.directory.listMakers(scope.teamId, [scope.userId]);
    return { ...toView(made, makers), secret: secret.reveal() };
  }

  /** From then on nobody gets in with it. Throws `NOT_FOUND`. */
  async delete(caller: Caller, keyId: string): Promise<void> {
    if (!(await this.keys.delete(toScope(caller, aiStudioApp), keyId))) throw notFound('The API key');
  }

  /** What is refused is in the audit log: somebody, or some key, asked for more than they have. */
  private async assertGrantable(caller: Caller, name: string, grant: ApiKeyGrant): Promise<void> {
    try {
      assertGrantable(caller, grant);
    } catch (error) {
      if (error instanceof AppError) {
        const scope = toScope(caller, aiStudioApp);
        await this.attempts.record(scope.teamId, scope.userId, scope, {
          action: 'apiKeys.create',
          target: { type: 'apiKey', id: null, name },
          code: error.code,
        });
      }
      throw error;
    }
  }

  private async toViews(teamId: TeamId, keys: ApiKey[]): Promise<ApiKeyView[]> {
    const ids = new Set(keys.map(({ createdBy }) => createdBy));
    const makers = ids.size > 0 ? await this.directory.listMakers(teamId, [...ids]) : [];
    return keys.map((key) => toView(key, makers));
  }
}

function toView(key: ApiKey, makers: Maker[]): ApiKeyView {
  const { id, name, scopes, last4, createdAt, expiresAt, lastUsedAt, createdBy } = key;
  const maker = makers.find(({ userId }) => userId === createdBy);
  return {
    id,
    name,
    scopes: scopes.filter(isGrantable),
    last4,
    status: isExpired(key) ? 'expired' : 'active',
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt?.toISOString() ?? null,
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
    createdBy: { userId: createdBy, ...(maker ? { name: maker.name } : {}), role: toMakerRole(maker) },
  };
}

function toMakerRole(maker: Maker | undefined): ApiKeyMakerView['role'] {
  if (maker?.kind === 'apiKey') return 'apiKey';
  return toTeamRole(maker?.role ?? '') ?? null;
}
