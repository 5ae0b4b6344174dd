import { Global, Module } from '@nestjs/common';
import { Limiters } from './limiters';

@Global()
@Module({ providers: [Limiters], exports: [Limiters] })
export class LimitsModule {}
