import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { ENV, EnvError, type Env } from '../../platform/env';
import { LOGGER, type Logger } from '../../platform/logging';
import { KekCanaries } from './kek-canaries';

/** Opens the canaries when a server starts. Production refuses to start with a wrong key; elsewhere the log says it loudly. */
@Injectable()
export class KekCheck implements OnModuleInit {
  constructor(
    @Inject(KekCanaries) private readonly canaries: KekCanaries,
    @Inject(ENV) private readonly env: Env,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async onModuleInit(): Promise<void> {
    const problems = await this.canaries.check();
    if (problems.length === 0) return;
    if (this.env.production) throw new EnvError(problems);
    for (const problem of problems)
      this.logger.error({ problem }, 'STORED KEYS CANNOT BE OPENED; production would not start');
  }
}
