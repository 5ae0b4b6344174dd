import { Global, Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { ENV, EnvError, type Env } from '../env';
import { parseAllowHosts } from './allowed-hosts';
import { EgressGuard } from './egress-guard';

function createEgressGuard(env: Env): EgressGuard {
  try {
    return new EgressGuard({ allowHosts: parseAllowHosts(env.egressAllowHosts) });
  } catch (error) {
    throw new EnvError([`EGRESS_ALLOW_HOSTS: ${error instanceof Error ? error.message : 'cannot be read'}`]);
  }
}

/** The one way out of the process for HTTP. */
@Global()
@Module({
  providers: [{ provide: EgressGuard, useFactory: createEgressGuard, inject: [ENV] }],
  exports: [EgressGuard],
})
export class EgressModule implements OnApplicationShutdown {
  constructor(@Inject(EgressGuard) private readonly guard: EgressGuard) {}

  async onApplicationShutdown(): Promise<void> {
    await this.guard.close();
  }
}
