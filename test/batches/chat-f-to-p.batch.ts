import { runBatch } from './run-batch';

runBatch('chat-f-to-p');
