import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Exchange } from './exchange';

/** The kinds of providers whose lists are served. */
export type ListKind = keyof typeof formats;

/** A model as a test names it; each provider's list says of it what that list says. `id` may be anything, to be refused. */
interface WireModel {
  id: unknown;
  displayName?: string;
  /** Unix seconds. */
  created?: number;
  /** Tokens. */
  contextWindow?: number;
  maxOutputTokens?: number;
  embedding?: boolean;
  imageInput?: boolean;
  tools?: boolean;
  reasoning?: boolean;
  /** USD for a million tokens. */
  price?: { input: number; output: number; cachedInput?: number };
  /** ISO 8601. */
  deprecatedAt?: string;
  /** Fields put into the row as they are, over all others. */
  raw?: Record<string, unknown>;
}

/** What is done with one request instead of an ordinary answer; `{}` is an ordinary answer. */
type ListBehaviour =
  | Record<string, never>
  | { status: number; retryAfter?: string; json?: unknown }
  | { json: unknown }
  /** Sent with status 200 and the type of a page. */
  | { html: string }
  /** The head, half of the answer, then a destroyed socket. */
  | { cut: true }
  /** A body that begins like a list and goes on for so long; `Infinity` never ends. */
  | { megabytes: number }
  /** No answer at all. */
  | { hang: true }
  /** The whole list on each page, with a cursor that leads to the same page; for kinds without pages an ordinary answer. */
  | { loop: true };

interface ListRequest {
  kind: ListKind;
  /** Path and query. */
  url: string;
  headers: Record<string, string>;
}

export interface ModelListServer {
  /** Origin. */
  url: string;
  /** Every request that arrived, in order. */
  requests: ListRequest[];
  /** What a provider row would hold as its address, without a slash at its end. */
  baseUrl(kind: ListKind): string;
  setModels(kind: ListKind, models: WireModel[]): void;
  /** For the next requests of the kind, one each; afterwards answers are ordinary. */
  script(kind: ListKind, ...behaviours: ListBehaviour[]): void;
  /** For all requests of the kind that no script is left for. */
  always(kind: ListKind, behaviour: ListBehaviour): void;
  /** No models, no script, no requests. */
  reset(): void;
  close(): Promise<void>;
}

interface ListServerOptions {
  /** The only key that is accepted; without it any is. */
  key?: string;
  /** At most so many models on a page, whatever is asked for. Default 1,000. */
  pageSize?: number;
}

interface ListFormat {
  /** Of the base URL. */
  base: string;
  path: string;
  key: { header: 'authorization' | 'x-api-key' | 'x-goog-api-key'; required: boolean };
  row(model: WireModel): object;
  /** `last` is the id of the last row of the page, where more follow. */
  answer(rows: object[], last: string | undefined): object;
  /** Name of the parameter that a page is asked for with. */
  cursor?: string;
}

const bearerKey = { header: 'authorization', required: true } as const;
const noKey = { header: 'authorization', required: false } as const;
const openaiAnswer = (data: object[]) => ({ object: 'list', data });

const formats = {
  openai: {
    base: '/openai/v1',
    path: '/models',
    key: bearerKey,
    row: ({ id, created }) => ({
      id,
      object: 'model',
      created: created ?? 1_754_425_777,
      owned_by: 'system',
    }),
    answer: openaiAnswer,
  },
  anthropic: {
    base: '/anthropic/v1',
    path: '/models',
    key: { header: 'x-api-key', required: true },
    row: (model) => ({
      type: 'model',
      id: model.id,
      display_name: model.displayName ?? String(model.id),
      created_at: new Date((model.created ?? 0) * 1000).toISOString(),
      max_input_tokens: model.contextWindow,
      max_tokens: model.maxOutputTokens,
      capabilities: {
        image_input: { supported: model.imageInput ?? true },
        structured_outputs: { supported: true },
        thinking: { supported: model.reasoning ?? false, types: { enabled: { supported: true } } },
      },
    }),
    answer: (data, last) => ({ data, has_more: last !== undefined, first_id: null, last_id: last ?? null }),
    cursor: 'after_id',
  },
  google: {
    base: '/google/v1beta',
    path: '/models',
    key: { header: 'x-goog-api-key', required: true },
    row: (model) => ({
      name: typeof model.id === 'string' ? `models/${model.id}` : model.id,
      version: '001',
      displayName: model.displayName,
      inputTokenLimit: model.contextWindow,
      outputTokenLimit: model.maxOutputTokens,
      supportedGenerationMethods: model.embedding ? ['embedContent'] : ['generateContent', 'countTokens'],
      ...(model.reasoning === undefined ? {} : { thinking: model.reasoning }),
    }),
    answer: (models, last) => ({ models, ...(last === undefined ? {} : { nextPageToken: last }) }),
    cursor: 'pageToken',
  },
  xai: {
    base: '/xai/v1',
    path: '/language-models',
    key: bearerKey,
    row: (model) => ({
      id: model.id,
      object: 'model',
      created: model.created ?? 1_752_019_200,
      owned_by: 'xai',
      version: '1.0',
      fingerprint: 'fp_0123456789',
      input_modalities: model.imageInput ? ['text', 'image'] : ['text'],
      output_modalities: ['text'],
      aliases: [],
      ...(model.price && {
        prompt_text_token_price: model.price.input * 10_000,
        cached_prompt_text_token_price: model.price.cachedInput && model.price.cachedInput * 10_000,
        completion_text_token_price: model.price.output * 10_000,
      }),
    }),
    answer: (models) => ({ models }),
  },
  mistral: {
    base: '/mistral/v1',
    path: '/models',
    key: bearerKey,
    row: (model) => ({
      id: model.id,
      object: 'model',
      created: Math.floor(Date.now() / 1000),
      owned_by: 'mistralai',
      capabilities: {
        completion_chat: !model.embedding,
        function_calling: model.tools ?? !model.embedding,
        completion_fim: false,
        fine_tuning: false,
        vision: model.imageInput ?? false,
        classification: false,
        moderation: false,
      },
      name: model.id,
      max_context_length: model.contextWindow ?? 32_768,
      aliases: [],
      deprecation: model.deprecatedAt ?? null,
      deprecation_replacement_model: null,
      type: 'base',
    }),
    answer: openaiAnswer,
  },
  groq: {
    base: '/groq/openai/v1',
    path: '/models',
    key: bearerKey,
    row: (model) => ({
      id: model.id,
      object: 'model',
      created: model.created ?? 1_733_447_754,
      owned_by: 'Meta',
      active: true,
      context_window: model.contextWindow ?? 131_072,
      public_apps: null,
      max_completion_tokens: model.maxOutputTokens ?? 32_768,
    }),
    answer: openaiAnswer,
  },
  deepseek: {
    base: '/deepseek',
    path: '/models',
    key: bearerKey,
    row: ({ id }) => ({ id, object: 'model', owned_by: 'deepseek' }),
    answer: openaiAnswer,
  },
  openrouter: {
    base: '/openrouter/api/v1',
    path: '/models',
    key: noKey,
    row: (model) => ({
      id: model.id,
      canonical_slug: model.id,
      name: model.displayName ?? model.id,
      created: model.created ?? 1_741_818_122,
      description: 'A model.',
      context_length: model.contextWindow ?? 128_000,
      architecture: {
        input_modalities: model.imageInput ? ['text', 'image'] : ['text'],
        output_modalities: [model.embedding ? 'embeddings' : 'text'],
        tokenizer: 'GPT',
        instruct_type: null,
      },
      pricing: {
        prompt: perToken(model.price?.input ?? 0),
        completion: perToken(model.price?.output ?? 0),
        request: '0',
        image: '0',
        internal_reasoning: '0',
        ...(model.price?.cachedInput === undefined
          ? {}
          : { input_cache_read: perToken(model.price.cachedInput) }),
      },
      top_provider: { context_length: 128_000, max_completion_tokens: model.maxOutputTokens ?? null },
      per_request_limits: null,
      supported_parameters: [...(model.tools ? ['tools'] : []), ...(model.reasoning ? ['reasoning'] : [])],
      knowledge_cutoff: null,
      expiration_date: model.deprecatedAt ?? null,
    }),
    answer: (data) => ({ data }),
  },
  ollama: {
    base: '/ollama/api',
    path: '/tags',
    key: noKey,
    row: ({ id, embedding }) => ({
      name: id,
      model: id,
      modified_at: '2025-10-03T23:34:03.409490317-07:00',
      size: 3_338_801_804,
      digest: 'a2af6cc3eb7fa8be8504abaf9b04e88f17a119ec3f04a3addf55f92841195f5a',
      details: {
        format: 'gguf',
        family: embedding ? 'nomic-bert' : 'gemma3',
        families: [embedding ? 'nomic-bert' : 'gemma3'],
        parameter_size: '4.3B',
        quantization_level: 'Q4_K_M',
      },
    }),
    answer: (models) => ({ models }),
  },
  'openai-compatible': {
    base: '/openai-compatible/v1',
    path: '/models',
    key: noKey,
    row: ({ id, contextWindow }) => ({
      id,
      object: 'model',
      created: Math.floor(Date.now() / 1000),
      owned_by: 'vllm',
      max_model_len: contextWindow,
    }),
    answer: openaiAnswer,
  },
} satisfies Record<string, ListFormat>;

const kinds = Object.keys(formats) as ListKind[]; // keys of a const object are exactly its names

/**
 * Starts a server on a free port of 127.0.0.1 that serves the list of models of every provider, each under a base URL
 * of its own and in its own format, Anthropic's and Google's in pages. A missing or wrong key gets what that provider
 * answers to one, a key in the address 418. The caller closes it.
 */
export async function startModelLists(options: ListServerOptions = {}): Promise<ModelListServer> {
  const models = new Map<ListKind, WireModel[]>();
  const scripts = new Map<ListKind, ListBehaviour[]>();
  const rules = new Map<ListKind, ListBehaviour>();

  const http = createServer((incoming, response) => {
    void serve(incoming, response).catch(() => response.destroy());
  });
  const url = await listen(http);

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const exchange = new Exchange(response);
    const asked = new URL(incoming.url ?? '/', url);
    const kind = kinds.find((name) => asked.pathname === formats[name].base + formats[name].path);
    if (!kind || incoming.method !== 'GET') return send(exchange, 404, { error: { message: 'Not found' } });

    const headers = Object.fromEntries(
      Object.entries(incoming.headersDistinct).map(([name, values = []]) => [name, values.join(', ')]),
    );
    server.requests.push({ kind, url: incoming.url ?? '', headers });
    const refusal = refuseKey(kind, asked, headers, options.key);
    if (refusal) return send(exchange, refusal.status, refusal.body);
    const behaviour = scripts.get(kind)?.shift() ?? rules.get(kind) ?? {};
    const page = toPage(kind, models.get(kind) ?? [], asked, options.pageSize ?? 1000, 'loop' in behaviour);
    return perform(behaviour, page, exchange);
  }

  const server: ModelListServer = {
    url,
    requests: [],
    baseUrl: (kind) => url + formats[kind].base,
    setModels: (kind, list) => void models.set(kind, list),
    script: (kind, ...behaviours) => void scripts.set(kind, [...(scripts.get(kind) ?? []), ...behaviours]),
    always: (kind, behaviour) => void rules.set(kind, behaviour),
    reset() {
      for (const map of [models, scripts, rules]) map.clear();
      server.requests.length = 0;
    },
    close() {
      const closed = new Promise<void>((resolve) => {
        http.close(() => resolve());
      });
      http.closeAllConnections();
      return closed;
    },
  };
  return server;
}

async function perform(behaviour: ListBehaviour, page: object, exchange: Exchange): Promise<void> {
  if ('hang' in behaviour) return;
  if ('html' in behaviour) {
    exchange.start(200, { 'content-type': 'text/html; charset=utf-8' });
    await exchange.write(String(behaviour.html));
    return exchange.end();
  }
  if ('cut' in behaviour) {
    const body = Buffer.from(JSON.stringify(page));
    exchange.start(200, { 'content-type': 'application/json', 'content-length': body.length });
    await exchange.write(body.subarray(0, body.length / 2));
    return exchange.hangUp();
  }
  if ('megabytes' in behaviour) return sendLong(Number(behaviour.megabytes), exchange);
  if ('status' in behaviour) {
    const { status, retryAfter, json } = behaviour;
    const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) };
    return send(exchange, Number(status), json ?? { error: { message: `scripted ${status}` } }, headers);
  }
  return send(exchange, 200, 'json' in behaviour ? behaviour.json : page);
}

async function send(exchange: Exchange, status: number, body: unknown, headers = {}): Promise<void> {
  exchange.start(status, { 'content-type': 'application/json', ...headers });
  await exchange.write(body === undefined ? '' : JSON.stringify(body));
  exchange.end();
}

async function sendLong(megabytes: number, exchange: Exchange): Promise<void> {
  const megabyte = Buffer.alloc(1024 * 1024, ' ');
  exchange.start(200, { 'content-type': 'application/json' });
  await exchange.write('{"object":"list","data":[');
  for (let sent = 0; sent < megabytes && exchange.open; sent++) await exchange.write(megabyte);
  await exchange.write(']}');
  exchange.end();
}

/** The models after the one that the cursor names. */
function toPage(kind: ListKind, all: WireModel[], { searchParams }: URL, size: number, loops: boolean) {
  const format: ListFormat = formats[kind];
  const rows = (list: WireModel[]) => list.map((model) => ({ ...format.row(model), ...model.raw }));
  if (format.cursor === undefined) return format.answer(rows(all), undefined);
  if (loops) return format.answer(rows(all), 'round-and-round');
  const cursor = searchParams.get(format.cursor);
  const start = cursor === null ? 0 : all.findIndex(({ id }) => id === cursor) + 1;
  const end = start + size;
  return format.answer(rows(all.slice(start, end)), end < all.length ? String(all[end - 1]?.id) : undefined);
}

function refuseKey(
  kind: ListKind,
  { search }: URL,
  headers: Record<string, string>,
  expected: string | undefined,
): { status: number; body: object } | undefined {
  const { header, required } = formats[kind].key;
  const key = headers[header]?.replace(/^Bearer /, '');
  if (/[?&](api_?)?key=/i.test(search) || (key && decodeURIComponent(search).includes(key)))
    return { status: 418, body: { error: { message: 'The key is in the address.' } } };
  if (key === undefined && !required) return undefined;
  if (key !== undefined && (expected === undefined || key === expected)) return undefined;
  if (kind === 'google') {
    // As in life: 403 without a key, 400 for a wrong one.
    return key === undefined
      ? { status: 403, body: { error: { code: 403, status: 'PERMISSION_DENIED' } } }
      : { status: 400, body: { error: { code: 400, details: [{ reason: 'API_KEY_INVALID' }] } } };
  }
  // Some providers repeat the key that they refuse.
  return { status: 401, body: { error: { message: `Incorrect API key provided: ${key ?? ''}` } } };
}

/** Decimal text without an exponent. */
function perToken(usdPerMillion: number): string {
  return (usdPerMillion / 1e6).toFixed(12).replace(/\.?0+$/, '');
}

function listen(http: Server): Promise<string> {
  return new Promise((resolve, reject) => {
    http.once('error', reject);
    http.listen(0, '127.0.0.1', () => {
      const address = http.address();
      // A string is the address of a pipe, null of a server that does not listen: neither can be here.
      if (address === null || typeof address === 'string') return reject(new Error('no port'));
      resolve(`http://127.0.0.1:${address.port}`);
    });
  });
}
