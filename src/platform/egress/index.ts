export { EgressModule } from './egress.module';
export { EgressGuard } from './egress-guard';
