import { type DynamicModule, Global, Module } from '@nestjs/common';
import { ENV, type Env } from './env';

/** Provides the parsed environment to every room. */
@Global()
@Module({})
export class EnvModule {
  static register(env: Env): DynamicModule {
    return { module: EnvModule, providers: [{ provide: ENV, useValue: env }], exports: [ENV] };
  }
}
