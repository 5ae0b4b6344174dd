import type { EntityManager } from 'typeorm';
import { ModelPrice } from './price.entity';

/** What these models cost now, by model id. Those without a known price are absent. */
export async function findCurrentPrices(
  manager: EntityManager,
  modelIds: string[],
): Promise<Map<string, ModelPrice>> {
  if (modelIds.length === 0) return new Map();
  const prices = await manager
    .createQueryBuilder(ModelPrice, 'price')
    .distinctOn(['price.modelId'])
    .where('price.modelId = any(:modelIds) and price.effectiveFrom <= now()', { modelIds })
    .orderBy('price.modelId')
    .addOrderBy('price.effectiveFrom', 'DESC')
    .addOrderBy('price.createdAt', 'DESC')
    .getMany();
  return new Map(prices.map((price) => [price.modelId, price]));
}
