import { enableCompileCache } from 'node:module';

enableCompileCache();

void import('./server.js').then(({ startServer }) => startServer());
