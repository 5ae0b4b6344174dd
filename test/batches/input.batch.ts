import { runBatch } from './run-batch';

runBatch('input');
