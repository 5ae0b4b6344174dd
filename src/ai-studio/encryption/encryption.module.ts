import { Module } from '@nestjs/common';
import { ENV, EnvError, type Env } from '../../platform/env';
import { EncryptionService, KEK_PROVIDER } from './encryption.service';
import { KeyRingError, LocalKeyRing, parseKeyRing } from './local-key-ring';
import { TeamKeyRepository } from './team-key.repository';

function createKeyRing(env: Env): LocalKeyRing {
  try {
    return new LocalKeyRing(parseKeyRing(env.kek.reveal()));
  } catch (error) {
    if (error instanceof KeyRingError) throw new EnvError([`AI_STUDIO_KEK: ${error.message}`]);
    throw error;
  }
}

/** Private to AI Studio: nothing outside it can seal or open. */
@Module({
  providers: [
    { provide: KEK_PROVIDER, useFactory: createKeyRing, inject: [ENV] },
    TeamKeyRepository,
    EncryptionService,
  ],
  exports: [EncryptionService],
})
export class EncryptionModule {}
