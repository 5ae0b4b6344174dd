import { findNodeFault } from './node-version';
import { StopRequest } from './stop-request';

// Before anything else is loaded: an older one fails at whatever it meets first.
const fault = findNodeFault(process.versions.node);
if (fault) {
  process.stderr.write(`\nAI Studio did not start.\n${fault}\n`);
  process.exit(1);
}

const stopRequest = new StopRequest();

void import('./server.js').then(({ startServer }) => startServer(stopRequest));
