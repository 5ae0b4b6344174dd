import { type DynamicModule, Global, Module } from '@nestjs/common';
import { ENV, type Env } from './env';
import type { KeyToolEnv } from './tool-env';

/** Provides the parsed environment to every room; of a command of the terminal, what it has of it. */
@Global()
@Module({})
export class EnvModule {
  static register(env: Env | KeyToolEnv): DynamicModule {
    return { module: EnvModule, providers: [{ provide: ENV, useValue: env }], exports: [ENV] };
  }
}
