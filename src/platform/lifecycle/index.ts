export { Lifecycle } from './lifecycle';
export { LifecycleModule } from './lifecycle.module';
