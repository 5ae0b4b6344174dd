import { Inject, Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { ENV, type Env } from '../env';

/** Seconds: from an answer out of memory to a model that thinks for minutes. */
const bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Adds one, or `by`. A series begins with the first call for its labels. */
export type Count<Label extends string> = (labels: Record<Label, string>, by?: number) => void;

/** Notes how long something took, in seconds. */
export type Time<Label extends string> = (labels: Record<Label, string>, seconds: number) => void;

/**
 * What this process counts for its operator, in the form of Prometheus. Each room names its own metrics, once, and calls
 * what it gets. Names begin with `ai_studio_` and end with their unit: https://prometheus.io/docs/practices/naming.
 * Whoever reads them is no member of a team: a label never holds an id of a team, a user or anything that these made,
 * and its values are few, since each combination is kept until the process ends.
 */
@Injectable()
export class Metrics {
  private readonly registry = new Registry();

  /** The process itself (CPU, memory, garbage, event loop) is watched only where somebody may read it. */
  constructor(@Inject(ENV) { metricsToken }: Pick<Env, 'metricsToken'>) {
    if (metricsToken) collectDefaultMetrics({ register: this.registry });
  }

  /** @param name ends with `_total` */
  counter<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Count<Label> {
    const counter = new Counter({ name, help, labelNames, registers: [this.registry] });
    return (labels, by = 1) => counter.inc(labels, by);
  }

  /** @param name ends with `_seconds` */
  timer<Label extends string>(name: string, help: string, labelNames: readonly Label[]): Time<Label> {
    const histogram = new Histogram({ name, help, labelNames, buckets: bounds, registers: [this.registry] });
    return (labels, seconds) => histogram.observe(labels, seconds);
  }

  /** What stands now: `read` is asked whenever the metrics are. */
  gauge(name: string, help: string, read: () => number): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      registers: [this.registry],
      collect: () => gauge.set(read()),
    });
  }

  /** All of them, as Prometheus reads them: text format 0.0.4. */
  toText(): Promise<string> {
    return this.registry.metrics();
  }
}
