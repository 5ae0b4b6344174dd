import { runBatch } from './run-batch';

runBatch('limits');
