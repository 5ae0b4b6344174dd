import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** Styles text for a terminal; plain where the output is none, or `NO_COLOR` is set. */
function paint(style: Style, text: string): string {
  return process.stdout.isTTY ? styleText(style, text) : text;
}

export function title(text: string): void {
  process.stdout.write(`\n${paint('bold', text)}\n`);
}

let steps = 0;

/** Runs one step under its heading. What it throws says which step failed. */
export async function step<T>(name: string, work: () => Promise<T>): Promise<T> {
  steps += 1;
  process.stdout.write(`\n${paint(['bold', 'cyan'], `${steps}. ${name}`)}\n`);
  try {
    return await work();
  } catch (error) {
    throw new Error(`Step ${steps}, "${name}": ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

/** What is called, or done. */
export function say(text: string): void {
  process.stdout.write(`   ${paint('dim', text)}\n`);
}

/** What came back: one line a field, aligned. */
export function show(fields: Record<string, unknown>): void {
  const width = Math.max(...Object.keys(fields).map((name) => name.length));
  for (const [name, value] of Object.entries(fields)) {
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    process.stdout.write(`   ${name.padEnd(width)}  ${text}\n`);
  }
}

/** A figure or a fact that must hold. Throws where it does not. */
export function expect(holds: boolean, fact: string): void {
  if (!holds) throw new Error(`Expected: ${fact}. It is not so.`);
  process.stdout.write(`   ${paint('green', '✓')} ${fact}\n`);
}

/** Gives a function that prints an answer as it arrives, indented. */
export function answerPrinter(): (text: string) => void {
  let atLineStart = true;
  return (text) => {
    for (const line of text.split(/(?<=\n)/)) {
      process.stdout.write(`${atLineStart ? `   ${paint('yellow', '│')} ` : ''}${line}`);
      atLineStart = line.endsWith('\n');
    }
  };
}

export function fail(error: unknown): void {
  process.stderr.write(
    `\n${paint(['bold', 'red'], 'The demo failed.')} ${error instanceof Error ? error.message : String(error)}\n`,
  );
}
