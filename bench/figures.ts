import { cpus, totalmem } from 'node:os';

/** One line of the report. `aim` and `met` are absent where the figure is only for comparison. */
export interface Figure {
  what: string;
  measured: string;
  aim?: string;
  met?: boolean;
}

/** A figure that should be at most `aim`. */
export function atMost(what: string, value: number, aim: number, unit: string): Figure {
  return {
    what,
    measured: `${format(value)} ${unit}`.trim(),
    aim: `≤ ${aim} ${unit}`.trim(),
    met: value <= aim,
  };
}

/** A figure without an aim. */
export function plain(what: string, value: number, unit: string): Figure {
  return { what, measured: `${format(value)} ${unit}`.trim() };
}

/** The value below which a share of the samples lies: nearest rank. */
export function percentile(samples: number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export function median(samples: number[]): number {
  return percentile(samples, 0.5);
}

export function describeMachine(): string {
  const [cpu] = cpus();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return `Node ${process.version}, ${process.platform} ${process.arch}, ${cpus().length} × ${cpu?.model.trim() ?? 'unknown'}, ${memory}`;
}

export function printFigures(title: string, figures: Figure[]): void {
  const width = Math.max(...figures.map(({ what }) => what.length));
  process.stdout.write(`\n${title}\n`);
  for (const { what, measured, aim, met } of figures) {
    const verdict = aim === undefined ? '' : `${aim.padEnd(10)} ${met ? 'met' : 'MISSED'}`;
    process.stdout.write(
      `  ${what.padEnd(width)}  ${measured.padStart(12)}   ${verdict}`.trimEnd().concat('\n'),
    );
  }
}

function format(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}
