import { Global, Module } from '@nestjs/common';
import { PlatformChanges } from './platform-changes';
import { TeamChanges } from './team-changes';
import { TeamDeletions } from './team-deletions';

/** What rooms share about teams: their changes, recorded and told to everybody. */
@Global()
@Module({
  providers: [TeamChanges, PlatformChanges, TeamDeletions],
  exports: [TeamChanges, PlatformChanges, TeamDeletions],
})
export class TenancyModule {}
