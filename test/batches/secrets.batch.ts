import { runBatch } from './run-batch';

runBatch('secrets');
