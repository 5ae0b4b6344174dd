import { runBatch } from './run-batch';

runBatch('access');
