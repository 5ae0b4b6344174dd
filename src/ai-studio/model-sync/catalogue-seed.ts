import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { ENV, type Env } from '../../platform/env';
import { LOGGER, type Logger } from '../../platform/logging';
import { bundledPriceInfo, listBundledModels, type BundledModel } from '../prices/bundled-prices';
import type { ListedModel } from './adapters/adapter';
import { CatalogueRepository } from './catalogue.repository';
import { enrich } from './enrich';
import type { CatalogueModel } from './model-sync-diff';
import { OperatorCatalogueFile } from './operator-catalogue';
import type { SyncPlan } from './plan';

/** Fills the catalogue of providers that have none yet from the data that comes with this version: no network. */
@Injectable()
export class CatalogueSeed implements OnApplicationBootstrap {
  constructor(
    @Inject(CatalogueRepository) private readonly catalogue: CatalogueRepository,
    @Inject(OperatorCatalogueFile) private readonly operator: OperatorCatalogueFile,
    @Inject(ENV) private readonly env: Env,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    if (!this.env.seedCatalogue) return;
    const empty = await this.catalogue.listNeverFilled();
    if (empty.length === 0) return;
    const filled: Record<string, number> = {};
    for (const id of empty) {
      const count = await this.fill(id);
      if (count > 0) filled[id] = count;
    }
    if (Object.keys(filled).length > 0)
      this.logger.info({ models: filled, ...bundledPriceInfo }, 'catalogue filled');
  }

  /** How many models it is now; 0 where another process was first, or nothing is known of the provider. */
  private async fill(id: string): Promise<number> {
    const listed = listBundledModels(id)
      .filter(({ deprecated }) => !deprecated)
      .map(toListed);
    const models = enrich({ id, kind: id }, listed, this.operator.read(), new Date()).map(
      ({ model, bundledPrice }) => ({ ...model, price: model.price ?? bundledPrice }),
    );
    if (models.length === 0) return 0;
    const published = new Date(bundledPriceInfo.publishedOn);
    return (await this.catalogue.fill(id, planFor(models), published)) ? models.length : 0;
  }
}

function planFor(models: CatalogueModel[]): SyncPlan {
  const prices = models.flatMap(({ modelKey, price }) => (price ? [{ modelKey, price }] : []));
  return { insert: models, update: [], archive: [], prices };
}

/** As a provider would list it; prices are looked up as for any other. */
function toListed({ modelKey, displayName, purpose, contextWindow }: BundledModel): ListedModel {
  return { modelKey, displayName, purpose, ...(contextWindow === undefined ? {} : { contextWindow }) };
}
