import { Inject, Injectable } from '@nestjs/common';
import { toTeamId } from '@kdx/shared';
import { EgressGuard } from '../../platform/egress';
import { AppError } from '../../platform/errors';
import { validationFailed } from '../../platform/http';
import type { Provider } from '../providers/provider.entities';
import { getProviderKind } from '../providers/provider-kinds';
import { keySwitch } from '../providers/switches';
import { TokenService } from '../tokens/token.service';
import { findListAdapter } from './adapters';
import type { ModelListing } from './adapters/adapter';

const listTimeoutMs = 120_000;

/** Reads what a provider says that it offers. */
@Injectable()
export class ModelListReader {
  constructor(
    @Inject(TokenService) private readonly tokens: TokenService,
    @Inject(EgressGuard) private readonly egress: EgressGuard,
  ) {}

  /**
   * The whole list, of one model at least. Throws `VALIDATION_FAILED` for a provider that has none, `TOKEN_MISSING`,
   * `EGRESS_REFUSED`, or `PROVIDER_FAILED`.
   * @param teamId the team whose key is used, where the list needs one
   */
  async read(
    { id, kind, baseUrl }: Provider,
    teamId: string | undefined,
    onPage: (progress: { pages: number; models: number }) => void,
  ): Promise<ModelListing> {
    const adapter = findListAdapter(kind);
    if (!adapter)
      throw validationFailed([
        { field: 'providerId', problem: `${id} has no list of models to compare with` },
      ]);
    const apiKey = teamId === undefined ? undefined : await this.tokens.findKey(toTeamId(teamId), id);
    if (apiKey === undefined && adapter.needsKey) throw keyNeeded(id, teamId);
    const signal = AbortSignal.timeout(listTimeoutMs);
    const listed = adapter.list({
      baseUrl: (baseUrl ?? getProviderKind(kind).baseUrl).replace(/\/+$/, ''),
      apiKey,
      fetch: this.egress.fetch,
      signal,
      onPage,
    });
    const listing = await listed.catch((error: unknown) => {
      throw signal.aborted ? tooSlow(id, error) : error;
    });
    if (listing.models.length > 0) return listing;
    throw new AppError(
      'PROVIDER_FAILED',
      `${id} listed no model that can be read. The catalogue stays as it is; try again later.`,
      { details: { providerId: id, skipped: listing.skipped.slice(0, 20) } },
    );
  }
}

function tooSlow(providerId: string, cause: unknown): AppError {
  return new AppError(
    'PROVIDER_FAILED',
    `${providerId} did not list its models within ${listTimeoutMs / 1_000} s. The catalogue stays as it is; try again later.`,
    { details: { providerId }, cause },
  );
}

function keyNeeded(providerId: string, teamId: string | undefined): AppError {
  if (teamId === undefined)
    return new AppError(
      'TOKEN_MISSING',
      `${providerId} lists its models only to who has a key. Name a team whose key is to be used (x-team-id, --team, MODEL_SYNC_TEAM).`,
    );
  const set = keySwitch(providerId);
  return new AppError(
    'TOKEN_MISSING',
    `The team has no key for ${providerId}, which lists its models only to who has one. An admin can store it (${set}).`,
    { details: { set } },
  );
}
