import { runBatch } from './run-batch';

runBatch('chat-in-react');
