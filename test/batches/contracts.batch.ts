import { runBatch } from './run-batch';

runBatch('contracts');
