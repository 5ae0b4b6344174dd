import { runBatch } from './run-batch';

runBatch('chat-s-to-z');
