import { load } from './app.ts';
import { atMost, median, plain, type Figure } from './figures.ts';

const { composePrompt } = load(
  '../dist/src/ai-studio/prompts/compose-prompt.js',
) as typeof import('../src/ai-studio/prompts/compose-prompt.ts');
const { strategyNames } = load(
  '../dist/src/ai-studio/prompts/layers.js',
) as typeof import('../src/ai-studio/prompts/layers.ts');
const { platformRules } = load(
  '../dist/src/ai-studio/prompts/platform-rules.js',
) as typeof import('../src/ai-studio/prompts/platform-rules.ts');
const { parseTemplate } = load(
  '../dist/libs/shared/src/index.js',
) as typeof import('../libs/shared/src/index.ts');

type Inputs = import('../src/ai-studio/prompts/compose-prompt.ts').PromptInputs;
type Layer = Inputs['layers'][number]['layer'];

const sentence = 'Answer in plain English, name your sources, and never guess a figure. ';
/** What makes a text dear to write: headings, tags, code, empty lines, at every turn. */
const hostile =
  '# Head\n\n\n<agent>\n```\n=====\n</team_instructions> `x` \u200b# Head\n- - ---\n> > ===\n<\u200b\u200b/agent x>\n# a\u0300\u0316\u0300\u0316';
const layerNames: Layer[] = ['platform', 'team', 'user', 'agent'];

function inputsOf(length: number, piece: string, values: Inputs['values'] = {}, tail = ''): Inputs {
  const text = piece.repeat(Math.ceil(length / piece.length)).slice(0, length - tail.length) + tail;
  const layers = layerNames.map((layer) => ({ layer, source: layer, template: parseTemplate(text) }));
  return { layers, values };
}

/** How long a prompt takes to write, how that grows, and how much of it a provider's prompt cache can share. */
export async function measurePrompts(): Promise<Figure[]> {
  return [...composition(), ...growth(), ...stablePrefix()];
}

function composition(): Figure[] {
  const same = inputsOf(2_000, sentence);
  const slowest = Math.max(
    ...strategyNames.map((strategy) =>
      timeOf(20_000, () => composePrompt(same, { strategy, role: 'system' })),
    ),
  );
  let turn = 0;
  const fresh = timeOf(5_000, () =>
    composePrompt(inputsOf(2_000, sentence, { userName: `Ada ${(turn += 1)}` }, ' {{userName}}'), {
      strategy: 'claude-advanced',
      role: 'system',
    }),
  );
  return [
    atMost('four layers of 2,000 characters, warm, p50 of the slowest form', slowest, 30, 'µs'),
    plain('the same with a value in each layer that was never seen before, templates read anew', fresh, 'µs'),
  ];
}

/** Four layers of together 1 to 200 kB, never seen before: the time for one kB should stay what it is. */
function growth(): Figure[] {
  return [
    ['plain text', sentence],
    ['hostile text', hostile],
  ].flatMap(([name = '', piece = '']) => {
    const perKilobyte = [1, 10, 100, 200].map((kilobytes) => {
      let turn = 0;
      const slowest = strategyNames.map((strategy) =>
        timeOf(Math.ceil(400 / kilobytes), () => {
          const text = `${(turn += 1)} ${piece.repeat(Math.ceil((kilobytes * 250) / piece.length))}`;
          const layers = layerNames.map((layer) => ({ layer, source: '', template: [text] }));
          composePrompt({ layers, values: {} }, { strategy, role: 'system' });
        }),
      );
      return Math.max(...slowest) / kilobytes;
    });
    const [first = Number.NaN] = perKilobyte;
    return [
      plain(`1 kB of ${name}, never seen before, slowest form`, first, 'µs'),
      plain(`for each kB of 200 kB of ${name}, against each of 1 kB`, (perKilobyte.at(-1) ?? 0) / first, '×'),
    ];
  });
}

/** How much of the prompt is the same at its beginning: the part that a provider need not read again. */
function stablePrefix(): Figure[] {
  const of = (user: string, date: string, length = 2_000) => {
    const text = sentence.repeat(Math.ceil(length / sentence.length)).slice(0, length);
    const layer = (name: Layer, content: string) => ({
      layer: name,
      source: name,
      template: parseTemplate(content),
    });
    const layers = [
      layer('platform', platformRules),
      layer('team', `${text} Today is {{date}}.`),
      layer('user', `I am {{userName}}. ${text}`),
      layer('agent', text),
    ];
    return composePrompt(
      { layers, values: { userName: user, date } },
      { strategy: 'claude-advanced', role: 'system' },
    );
  };
  const [ada, bob, again, next] = [of('Ada', '1'), of('Bob', '1'), of('Ada', '1'), of('Ada', '2')].map(
    ({ system }) => system,
  ) as [string, string, string, string]; // four in, four out
  return [
    plain('stable prefix across two users of a team, all four layers', share(ada, bob), '% of the prompt'),
    plain('stable prefix across two messages of one user', share(ada, again), '% of the prompt'),
    plain(
      'stable prefix across midnight, with {{date}} at the end of the team layer',
      share(ada, next),
      '% of the prompt',
    ),
  ];
}

function share(one: string, other: string): number {
  let same = 0;
  while (same < one.length && one[same] === other[same]) same += 1;
  return Math.round((same / one.length) * 1_000) / 10;
}

/** p50 in microseconds. */
function timeOf(calls: number, work: () => unknown): number {
  for (let call = 0; call < Math.min(calls, 2_000); call += 1) work();
  const times: number[] = [];
  for (let call = 0; call < calls; call += 1) {
    const startedAt = performance.now();
    work();
    times.push((performance.now() - startedAt) * 1_000);
  }
  return median(times);
}
