import { runBatch } from './run-batch';

runBatch('audit');
