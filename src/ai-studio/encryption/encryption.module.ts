import { Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { ENV, type Env } from '../../platform/env';
import { createKekRing } from './create-kek-ring';
import { DataKeyRotation } from './data-key-rotation';
import { EncryptionService, KEK_PROVIDER } from './encryption.service';
import { KekCanaries } from './kek-canaries';
import { KekCanaryRepository } from './kek-canary.repository';
import { KekCheck } from './kek-check';
import type { KekProvider } from './kek-provider';
import { KeyRotation } from './key-rotation';
import { KeyUseRepository } from './key-use.repository';
import { ServerKeyRepository } from './server-key.repository';
import { ServerKeys } from './server-keys';
import { TeamKeyRepository } from './team-key.repository';

export { runKeysRotateCommand, type KeysRotateNeed } from './terminal';

/** What wraps data keys, and wraps them anew: all that a server has before it seals anything. */
const rotation = [
  { provide: KEK_PROVIDER, useFactory: (env: Env) => createKekRing(env.kek), inject: [ENV] },
  TeamKeyRepository,
  KeyUseRepository,
  KekCanaryRepository,
  ServerKeyRepository,
  KekCanaries,
  ServerKeys,
  KeyRotation,
];

/** Private to AI Studio: nothing outside it can seal or open. */
@Module({
  providers: [...rotation, KekCheck, EncryptionService, DataKeyRotation],
  exports: [EncryptionService],
})
export class EncryptionModule implements OnApplicationShutdown {
  constructor(@Inject(KEK_PROVIDER) private readonly kek: KekProvider) {}

  async onApplicationShutdown(): Promise<void> {
    await this.kek.close();
  }
}

/** For a command of the terminal: neither seals nor opens, and checks and plants no canary at its start. */
@Module({ providers: rotation })
export class KeyRotationModule implements OnApplicationShutdown {
  constructor(@Inject(KEK_PROVIDER) private readonly kek: KekProvider) {}

  async onApplicationShutdown(): Promise<void> {
    await this.kek.close();
  }
}
