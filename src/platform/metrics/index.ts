export { Metrics, type Count, type Time } from './metrics';
export { MetricsModule } from './metrics.module';
