import { LRUCache } from 'lru-cache';
import type { TemplatePart } from '@kdx/shared';
import type { Family } from './families';
import {
  layerNames,
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
  /** In the first turns after a change of agent. */
  agentSwitch?: AgentSwitch | undefined;
}

/**
 * Writes the layers in the form that a family of models follows best. An empty layer leaves no trace. The same input
 * gives the same bytes. What is the same for all users of a team comes first, so that providers' prompt caches hit.
 */
export function composePrompt(inputs: PromptInputs, { strategy: wanted, role }: Family): ComposedPrompt {
  const { agentSwitch } = inputs;
  const name = (agentSwitch && strategies[wanted].afterSwitch) ?? wanted;
  const { order, separator } = strategies[name];
  const sections = withAgent(inputs)
    .map((input) => toSection(name, input, inputs.values, agentSwitch))
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
  values: PromptInputs['values'],
  agentSwitch: AgentSwitch | undefined,
): PromptSection | undefined {
  const rendered = renderTemplate(template, values);
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
    personal: isPersonal(layer, template),
  };
}

/** The same few texts are written again and again: a section is kept for the next time, some megabytes of them in all. */
const written = Object.fromEntries(
  strategyNames.flatMap((strategy) =>
    layerNames.map((layer) => [
      `${strategy}/${layer}`,
      new LRUCache<string, string>({ maxSize: 400_000, sizeCalculation: (text) => text.length }),
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
function renderTemplate(template: TemplatePart[], values: PromptInputs['values']): string {
  const [only] = template;
  if (template.length === 1 && typeof only === 'string') return only;
  return template.map((part) => (typeof part === 'string' ? part : (values[part.variable] ?? ''))).join('');
}

/** Variables that are the same for everybody of a team. All others differ: the user's, and what a consumer sets for an agent. */
const sharedVariables = new Set(['teamName', 'date']);

function isPersonal(layer: LayerName, template: TemplatePart[]): boolean {
  return (
    layer === 'user' ||
    template.some((part) => typeof part !== 'string' && !sharedVariables.has(part.variable))
  );
}
