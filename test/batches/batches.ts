/**
 * Which suites run one after the other in one realm, so that the product's three thousand modules are loaded, and
 * compiled, once for all of them: paths without their ending, `*` for any part of a name. Each suite is in exactly one;
 * two that register the same app are apart. They begin in this order: who waits longest first, so that nobody is last alone.
 */
export const batches = {
  'chat-s-to-z': ['test/e2e/chat-s*', 'test/e2e/chat-t*'],
  keys: ['test/e2e/keys-*', 'test/e2e/tokens-*', 'test/e2e/api-keys'],
  'chat-f-to-p': ['test/e2e/chat-files', 'test/e2e/chat-h*', 'test/e2e/chat-l*', 'test/e2e/chat-parts'],
  processes: ['test/e2e/days-processes', 'test/prove/streams-processes'],
  architecture: ['test/architecture/*', 'test/batches/*', 'test/e2e/chat-migration', 'test/e2e/database'],
  'chat-a-to-c': ['test/e2e/chat-agents', 'test/e2e/chat-b*', 'test/e2e/chat-co*'],
  input: ['test/e2e/input-*', 'test/e2e/browser-defence'],
  limits: ['test/e2e/limits', 'test/e2e/execution-consumer', 'test/e2e/model-sync*', 'test/prove/input'],
  isolation: ['test/prove/isolation*'],
  access: ['test/e2e/access-*', 'test/e2e/peer-weaknesses'],
  secrets: ['test/prove/secrets-*', 'test/prove/streams'],
  audit: ['test/e2e/audit', 'test/prove/audit', 'test/e2e/metrics'],
  agents: ['test/e2e/agents*', 'test/e2e/prompts', 'test/e2e/config-*'],
  execution: [
    'test/e2e/execution-[!c]*',
    'test/e2e/providers-*',
    'test/e2e/first-conversation',
    'test/e2e/demo',
  ],
  units: ['src/**/*', 'libs/**/*'],
  contracts: ['test/contract/*', 'test/support/**/*'],
  'chat-in-react': ['test/e2e/chat-react'],
};

export type BatchName = keyof typeof batches;
