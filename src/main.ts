import { enableCompileCache } from 'node:module';
import { StopRequest } from './stop-request';

const stopRequest = new StopRequest();
enableCompileCache();

void import('./server.js').then(({ startServer }) => startServer(stopRequest));
