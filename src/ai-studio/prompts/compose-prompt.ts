import { LRUCache } from 'lru-cache';
import { AppError } from '../../platform/errors';
import type { Family } from './families';
import {
  layerNames,
  maxLayerLength,
  strategyNames,
  type AgentSwitch,
  type ComposedPrompt,
  type LayerInput,
  type LayerName,
  type PromptSection,
  type StrategyName,
} from './layers';
import { strategies } from './strategies';

/** All that a prompt is made of, before it is known which model gets it. */
export interface PromptInputs {
  /** Each layer at most once. */
  layers: LayerInput[];
  /** What the variables stand for: plain text, on one line or many. */
  values: Readonly<Record<string, string>>;
  /** Names of those that an app has set for this request, so that they may differ from user to user. */
  givenVariables?: readonly string[] | undefined;
  /** In the first turns after a change of agent. */
  agentSwitch?: AgentSwitch | undefined;
}

/**
 * Writes the layers in the form that a family of models follows best. An empty layer leaves no trace. The same input
 * gives the same bytes. What is the same for all users of a team comes first, so that providers' prompt caches hit.
 * Throws `VALIDATION_FAILED` where a layer is longer than 100,000 characters once its variables stand for their values.
 */
export function composePrompt(inputs: PromptInputs, { strategy: wanted, role }: Family): ComposedPrompt {
  const { agentSwitch } = inputs;
  const name = (agentSwitch && strategies[wanted].afterSwitch) ?? wanted;
  const { order, separator } = strategies[name];
  const sections = withAgent(inputs)
    .map((input) => toSection(name, input, inputs))
    .filter((section) => section !== undefined)
    .sort(
      (a, b) => Number(a.personal) - Number(b.personal) || order.indexOf(a.layer) - order.indexOf(b.layer),
    );
  const shared = sections.filter(({ personal }) => !personal).map(({ text }) => text);
  return {
    system: sections.map(({ text }) => text).join(separator),
    sections,
    strategy: name,
    role,
    sharedLength: shared.join(separator).length,
  };
}

/** Who has just lost an agent without getting another has to be told so too. */
function withAgent({ layers, agentSwitch }: PromptInputs): LayerInput[] {
  if (!agentSwitch || layers.some(({ layer }) => layer === 'agent')) return layers;
  return [...layers, { layer: 'agent', source: 'no agent', template: [] }];
}

function toSection(
  strategy: StrategyName,
  { layer, source, version, template }: LayerInput,
  inputs: PromptInputs,
): PromptSection | undefined {
  const { agentSwitch } = inputs;
  const rendered = renderTemplate({ layer, source, template }, inputs.values);
  const isReset = layer === 'agent' && agentSwitch !== undefined;
  if (!isReset && rendered.trim() === '') return undefined;
  const text = isReset
    ? strategies[strategy].reset(agentSwitch, strategies[strategy].disarm(rendered))
    : sectionText(strategy, layer, rendered);
  return {
    layer,
    source,
    ...(version === undefined ? {} : { version }),
    text,
    personal: isPersonal({ layer, template }, inputs),
  };
}

/** The same few texts are written again and again: a section is kept for the next time. Of each layer in each form
 * some hundred thousand characters, sections and what they were made of together. */
const written = Object.fromEntries(
  strategyNames.flatMap((strategy) =>
    layerNames.map((layer) => [
      `${strategy}/${layer}`,
      new LRUCache<string, string>({
        maxSize: 400_000,
        sizeCalculation: (text, rendered) => text.length + rendered.length,
      }),
    ]),
  ),
);

function sectionText(name: StrategyName, layer: LayerName, rendered: string): string {
  const cache = written[`${name}/${layer}`];
  const known = cache?.get(rendered);
  if (known !== undefined) return known;
  const { section, disarm, authority } = strategies[name];
  const text = layer === 'platform' ? `${authority}\n\n${disarm(rendered)}` : disarm(rendered);
  const whole = section(layer, text);
  cache?.set(rendered, whole);
  return whole;
}

/** Values are put in once: what stands in a value is not read as a template. A variable without a value leaves nothing. */
function renderTemplate(
  { layer, source, template }: Pick<LayerInput, 'layer' | 'source' | 'template'>,
  values: PromptInputs['values'],
): string {
  const [only] = template;
  const parts = template.map((part) => (typeof part === 'string' ? part : valueOf(part.variable, values)));
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length > maxLayerLength) throw tooLong(layer, source, length);
  return template.length === 1 && typeof only === 'string' ? only : parts.join('');
}

function valueOf(variable: string, values: PromptInputs['values']): string {
  return Object.hasOwn(values, variable) ? (values[variable] ?? '') : '';
}

function tooLong(layer: LayerName, source: string, length: number): AppError {
  return new AppError(
    'VALIDATION_FAILED',
    `The instructions of the layer ${layer} (${source}) have ${length} characters once their variables stand for their values; at most ${maxLayerLength} are sent. Shorten them, or the values.`,
    { details: { layer, source, length, limit: maxLayerLength } },
  );
}

/** Variables that differ from user to user. */
const personalVariables = ['userName', 'userLanguage'];

function isPersonal(
  { layer, template }: Pick<LayerInput, 'layer' | 'template'>,
  { givenVariables = [] }: PromptInputs,
): boolean {
  return (
    layer === 'user' ||
    template.some(
      (part) =>
        typeof part !== 'string' &&
        (personalVariables.includes(part.variable) || givenVariables.includes(part.variable)),
    )
  );
}
