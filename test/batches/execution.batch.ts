import { runBatch } from './run-batch';

runBatch('execution');
