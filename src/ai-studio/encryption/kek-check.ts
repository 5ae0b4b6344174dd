import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { ENV, EnvError, type Env } from '../../platform/env';
import { LOGGER, type Logger } from '../../platform/logging';
import { KekCanaries } from './kek-canaries';

/**
 * Opens the canaries when the product starts. Production refuses to start with a wrong key; elsewhere the log says it loudly. A server makes the canary of a new key: a command of the terminal, whose
 * key may be nobody else's, makes none.
 */
@Injectable()
export class KekCheck implements OnModuleInit {
  constructor(
    @Inject(KekCanaries) private readonly canaries: KekCanaries,
    @Inject(ENV) private readonly env: Env,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async onModuleInit(): Promise<void> {
    const findings = await this.canaries.check();
    if (!this.env.terminal) await this.canaries.begin(findings);
    const { problems, doubts } = findings;
    if (this.env.production && problems.length > 0) throw new EnvError(problems);
    for (const problem of problems)
      this.logger.error({ problem }, 'STORED KEYS CANNOT BE OPENED; production would not start');
    for (const problem of doubts) this.logger.error({ problem }, 'DATA KEYS OF TEAMS CANNOT BE OPENED');
  }
}
