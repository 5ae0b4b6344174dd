import { Inject, Injectable } from '@nestjs/common';
import { PlatformTransaction } from '../../platform/database';
import { KekCanary } from './kek-canary.entity';

/** The canaries: of no team, and of no use but to be opened. */
@Injectable()
export class KekCanaryRepository {
  constructor(@Inject(PlatformTransaction) private readonly transaction: PlatformTransaction) {}

  /** Of each key the newest first: that of the version that wrapped last. */
  list(): Promise<KekCanary[]> {
    return this.transaction.run((manager) =>
      manager.find(KekCanary, { order: { kekId: 'ASC', createdAt: 'DESC' } }),
    );
  }

  /** Stores it unless another replica was faster. Answers the one that is there then. */
  async ensure(canary: KekCanary): Promise<KekCanary> {
    const { kekId, kekVersion } = canary;
    return this.transaction.run(async (manager) => {
      await manager.createQueryBuilder().insert().into(KekCanary).values(canary).orIgnore().execute();
      return manager.findOneByOrFail(KekCanary, { kekId, kekVersion });
    });
  }
}
