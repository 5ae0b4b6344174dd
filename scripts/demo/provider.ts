import { randomBytes } from 'node:crypto';
import { call, type Caller } from './api.ts';
import { startOpenAiServer } from './openai-server.ts';
import { say } from './terminal.ts';

/** The provider that the demo speaks to: a real one where a key is in the environment, else one of our own. */
export interface DemoProvider {
  displayName: string;
  key: string;
  /** `host:port` that the server has to be allowed to reach although it is private. */
  allowHost: string | undefined;
  /** Makes provider and model known, and gives their ids. */
  register(admin: Caller): Promise<{ providerId: string; modelId: string }>;
  /** The model of the second message; the default model where absent. */
  secondModel: string | undefined;
  questions: [string, string];
  /** The key as the provider got it, with each call; `undefined` for a real one, where nobody can look. */
  receivedKeys(): (string | undefined)[] | undefined;
  stop(): Promise<void>;
}

const realProviders = [
  { id: 'openai', displayName: 'OpenAI', variable: 'OPENAI_API_KEY', model: 'gpt-5-mini' },
  { id: 'anthropic', displayName: 'Anthropic', variable: 'ANTHROPIC_API_KEY', model: 'claude-haiku-4-5' },
  {
    id: 'google',
    displayName: 'Google',
    variable: 'GOOGLE_GENERATIVE_AI_API_KEY',
    model: 'gemini-2.5-flash',
  },
];

export async function chooseProvider(): Promise<DemoProvider> {
  for (const provider of realProviders) {
    const key = process.env[provider.variable];
    if (key) return realProvider({ ...provider, key, model: process.env.DEMO_MODEL ?? provider.model });
  }
  return localProvider();
}

function realProvider(chosen: {
  id: string;
  displayName: string;
  variable: string;
  model: string;
  key: string;
}): DemoProvider {
  const { id, displayName, variable, model, key } = chosen;
  return {
    displayName: `${displayName} (${model}, with the key in ${variable}; DEMO_MODEL chooses another model)`,
    key,
    allowHost: undefined,
    register: async (admin) => {
      const { items } = await call(
        admin,
        'GET',
        `/api/v1/models?provider=${id}&q=${encodeURIComponent(model)}`,
      );
      const known = items.find(({ modelKey }: { modelKey: string }) => modelKey === model);
      if (known) {
        say(`GET /api/v1/models: ${known.ref} is in the catalogue`);
        return { providerId: id, modelId: known.id };
      }
      say(`POST /api/v1/models: ${id}/${model} into the catalogue, which the first account may do`);
      const body = { providerId: id, modelKey: model, displayName: model };
      const created = await call(admin, 'POST', '/api/v1/models', body);
      return { providerId: id, modelId: created.id };
    },
    secondModel: undefined,
    questions: ['In three sentences: what is a control plane?', 'Now say the same to a child of six.'],
    receivedKeys: () => undefined,
    stop: async () => undefined,
  };
}

const localAnswer = `Hello from a model on this very machine. I speak the OpenAI wire protocol, I got the team's key in my \
authorization header, and I answer word by word, so that you can see the stream arrive.`;

async function localProvider(): Promise<DemoProvider> {
  const key = `sk-demo-${randomBytes(24).toString('base64url')}`;
  const server = await startOpenAiServer({ answer: localAnswer.split(/(?<= )/), pauseMs: 40 });
  return {
    displayName: `a local server that speaks the OpenAI wire protocol (${server.baseUrl}), and the sandbox`,
    key,
    allowHost: server.host,
    register: async (admin) => {
      say('POST /api/v1/team-providers: an OpenAI-compatible endpoint that only this team uses');
      const models = [{ modelKey: 'demo-1', displayName: 'Demo 1' }];
      const body = { displayName: 'Local demo server', baseUrl: server.baseUrl, models };
      const provider = await call(admin, 'POST', '/api/v1/team-providers', body);
      return { providerId: provider.id, modelId: provider.models[0].id };
    },
    secondModel: 'sandbox/echo',
    questions: ['Hello! Who answers here?', 'And what exactly was a model sent just now?'],
    receivedKeys: () => server.calls.map(({ authorization }) => authorization?.replace(/^Bearer /, '')),
    stop: () => server.stop(),
  };
}
