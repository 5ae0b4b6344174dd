/** From the most general to the most specific. */
type LayerName = 'platform' | 'team' | 'user';

/** One layer of instructions before it is written into the prompt. */
export interface LayerInput {
  layer: LayerName;
  /** Where it comes from: `platform`, or the configuration document. */
  source: string;
  /** Version of that document. */
  version?: number;
  content: string;
}

/** A layer as it stands in the prompt. */
export interface PromptLayer {
  layer: LayerName;
  source: string;
  version?: number;
  /** Its section, heading included. */
  text: string;
  tokens: number;
  /** True where `tokens` is not counted by the model's own tokenizer. */
  estimated: boolean;
}

/** The system prompt with where each part of it comes from. */
export interface SystemPrompt {
  system: string;
  layers: PromptLayer[];
  strategy: 'default';
  tokens: number;
}

const headings: Record<LayerName, string> = {
  platform: '# Platform rules',
  team: '# Team instructions',
  user: '# User instructions',
};

/**
 * Writes the layers as Markdown sections, stable parts first, so that providers' prompt caches hit. An empty layer
 * leaves no trace. The same input gives the same bytes.
 */
export function composePrompt(inputs: LayerInput[]): SystemPrompt {
  const layers = inputs
    .filter(({ content }) => content.trim() !== '')
    .map(({ layer, source, version, content }): PromptLayer => {
      const text = `${headings[layer]}\n\n${escapeHeadings(content.trim())}`;
      return {
        layer,
        source,
        ...(version === undefined ? {} : { version }),
        text,
        tokens: estimateTokens(text),
        estimated: true,
      };
    });
  return {
    system: layers.map(({ text }) => text).join('\n\n'),
    layers,
    strategy: 'default',
    tokens: layers.reduce((sum, { tokens }) => sum + tokens, 0),
  };
}

/** Four characters a token: the rule of thumb that OpenAI gives for English text. */
export function estimateTokens(text: string): number {
  return Math.ceil(text.length / 4);
}

/** A heading inside a layer must not look like the beginning of another layer. */
function escapeHeadings(content: string): string {
  return content.replace(/^([ \t]*)(#{1,6}(?:\s|$))/gm, '$1\\$2');
}
