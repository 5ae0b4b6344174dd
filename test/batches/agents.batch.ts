import { runBatch } from './run-batch';

runBatch('agents');
