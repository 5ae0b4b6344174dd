/**
 * Which suites run one after the other in one realm, so that the product's three thousand modules are loaded, and
 * compiled, once for all of them: paths without their ending, `*` for any part of a name. Each suite is in exactly one;
 * two that register the same app are apart.
 */
export const batches = {
  access: ['test/e2e/access-*', 'test/e2e/peer-weaknesses'],
  agents: ['test/e2e/agents*', 'test/e2e/prompts', 'test/e2e/config-*'],
  architecture: ['test/architecture/*', 'test/batches/*', 'test/e2e/chat-migration', 'test/e2e/database'],
  audit: ['test/e2e/audit', 'test/prove/audit', 'test/e2e/metrics'],
  'chat-a-to-c': ['test/e2e/chat-agents', 'test/e2e/chat-b*', 'test/e2e/chat-co*'],
  'chat-f-to-p': ['test/e2e/chat-files', 'test/e2e/chat-h*', 'test/e2e/chat-l*', 'test/e2e/chat-parts'],
  'chat-in-react': ['test/e2e/chat-react'],
  'chat-s-to-z': ['test/e2e/chat-s*', 'test/e2e/chat-t*'],
  contracts: ['test/contract/*', 'test/support/**/*'],
  execution: ['test/e2e/execution-[!c]*', 'test/e2e/providers-*', 'test/e2e/first-conversation'],
  input: ['test/e2e/input-*', 'test/e2e/browser-defence'],
  isolation: ['test/prove/isolation*'],
  keys: ['test/e2e/keys-*', 'test/e2e/tokens-*', 'test/e2e/api-keys'],
  limits: ['test/e2e/limits', 'test/e2e/execution-consumer', 'test/e2e/model-sync*', 'test/prove/input'],
  processes: ['test/e2e/days-processes', 'test/prove/streams-processes'],
  secrets: ['test/prove/secrets-*', 'test/prove/streams'],
  units: ['src/**/*', 'libs/**/*'],
};

export type BatchName = keyof typeof batches;
