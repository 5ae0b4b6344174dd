import { runBatch } from './run-batch';

runBatch('processes');
