import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { PriceCard, PriceSource } from './price';

/** What a model costs from a time on. A new price is a new row; an execution keeps the id of the one it was charged by. */
@Entity('ai_model_price')
export class ModelPrice {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'model_id' })
  modelId!: string;

  @Column('jsonb')
  card!: PriceCard;

  @Column('text')
  source!: PriceSource;

  @Column('timestamptz', { name: 'effective_from' })
  effectiveFrom!: Date;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
