import { readFileSync } from 'node:fs';
import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { ENV, type Env } from '../../platform/env';
import { AppError } from '../../platform/errors';
import { parseOperatorPrices, type OperatorModel } from '../prices/operator-prices';

/** The operator's own word on models and prices (`MODEL_CATALOGUE_FILE`), above every other source. */
@Injectable()
export class OperatorCatalogueFile implements OnModuleInit {
  constructor(@Inject(ENV) private readonly env: Env) {}

  /** A file that cannot be used stops the start. */
  onModuleInit(): void {
    this.read();
  }

  /** As the file is now. Throws `CONFLICT` with every mistake in it. */
  read(): OperatorModel[] {
    const { modelCatalogueFile } = this.env;
    if (modelCatalogueFile === undefined) return [];
    try {
      return parseOperatorPrices(readFileSync(modelCatalogueFile, 'utf8'));
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      throw new AppError('CONFLICT', `MODEL_CATALOGUE_FILE cannot be used: ${problem}`, { cause: error });
    }
  }
}
