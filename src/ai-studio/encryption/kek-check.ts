import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { ENV, EnvError, type Env } from '../../platform/env';
import { LOGGER, type Logger } from '../../platform/logging';
import { KEK_PROVIDER } from './encryption.service';
import { KekCanaries } from './kek-canaries';
import type { KekProvider } from './kek-provider';
import { ServerKeys } from './server-keys';

/**
 * Opens the canaries when the product starts, and says to others which keys it has. Production refuses to start with a
 * wrong key; elsewhere the log says it loudly. A server makes the canary of a new key: a command of the terminal, whose
 * key may be nobody else's, makes none.
 */
@Injectable()
export class KekCheck implements OnModuleInit {
  constructor(
    @Inject(KEK_PROVIDER) private readonly kek: KekProvider,
    @Inject(KekCanaries) private readonly canaries: KekCanaries,
    @Inject(ServerKeys) private readonly servers: ServerKeys,
    @Inject(ENV) private readonly env: Env,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async onModuleInit(): Promise<void> {
    const findings = await this.canaries.check();
    if (!this.env.terminal) await this.canaries.begin(findings);
    const { problems, doubts, proven } = findings;
    if (this.env.production && problems.length > 0) throw new EnvError(problems);
    for (const problem of problems)
      this.logger.error({ problem }, 'STORED KEYS CANNOT BE OPENED; production would not start');
    for (const problem of doubts) this.logger.error({ problem }, 'DATA KEYS OF TEAMS CANNOT BE OPENED');
    await this.servers.tell(this.kek.kekIds, proven);
  }
}
