import { runBatch } from './run-batch';

runBatch('architecture');
