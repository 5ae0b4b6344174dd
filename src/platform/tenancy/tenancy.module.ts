import { Global, Module } from '@nestjs/common';
import { TeamChanges } from './team-changes';

/** What rooms share about teams: the news of their changes. */
@Global()
@Module({ providers: [TeamChanges], exports: [TeamChanges] })
export class TenancyModule {}
