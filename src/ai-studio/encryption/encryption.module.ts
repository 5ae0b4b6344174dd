import { Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { ENV, type Env } from '../../platform/env';
import { createKekRing } from './create-kek-ring';
import { DataKeyRotation } from './data-key-rotation';
import { EncryptionService, KEK_PROVIDER } from './encryption.service';
import { KekCanaries } from './kek-canaries';
import { KekCanaryRepository } from './kek-canary.repository';
import type { KekProvider } from './kek-provider';
import { KeyRotation } from './key-rotation';
import { KeyUseRepository } from './key-use.repository';
import { TeamKeyRepository } from './team-key.repository';

export { runKeysRotateCommand } from './terminal';

/** Private to AI Studio: nothing outside it can seal or open. */
@Module({
  providers: [
    { provide: KEK_PROVIDER, useFactory: (env: Env) => createKekRing(env.kek), inject: [ENV] },
    TeamKeyRepository,
    KeyUseRepository,
    KekCanaryRepository,
    KekCanaries,
    EncryptionService,
    KeyRotation,
    DataKeyRotation,
  ],
  exports: [EncryptionService],
})
export class EncryptionModule implements OnApplicationShutdown {
  constructor(@Inject(KEK_PROVIDER) private readonly kek: KekProvider) {}

  async onApplicationShutdown(): Promise<void> {
    await this.kek.close();
  }
}
