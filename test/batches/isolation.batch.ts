import { runBatch } from './run-batch';

runBatch('isolation');
