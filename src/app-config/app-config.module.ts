import { Module } from '@nestjs/common';
import { AppConfigController } from './app-config.controller';
import { AppConfigRepository } from './app-config.repository';
import { AppConfigRouter } from './app-config.router';
import { AppConfigService } from './app-config.service';

@Module({
  controllers: [AppConfigController],
  providers: [AppConfigRepository, AppConfigService, AppConfigRouter],
  exports: [AppConfigService],
})
export class AppConfigModule {}
