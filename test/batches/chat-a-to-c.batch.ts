import { runBatch } from './run-batch';

runBatch('chat-a-to-c');
