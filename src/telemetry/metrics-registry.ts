import { AggregatorRegistry, collectDefaultMetrics, type Metric, Registry } from "prom-client";
import type { Histogram } from "./histogram.ts";
import type { MetricDefinition } from "./metric-definitions.ts";

export type Labels = Readonly<Record<string, string | number>>;

/** One value of a metric, as prom-client takes it. */
export interface Sample {
  readonly labels: Labels;
  readonly value: number;
  /** Only for the parts of a histogram. */
  readonly metricName?: string;
}

/** The state of one metric of one process: plain data that can be sent between processes. */
export interface MetricState {
  readonly name: string;
  readonly type: string;
  readonly values: readonly Sample[];
}

/** All metrics of one process at one moment. */
export type MetricsSnapshot = readonly MetricState[];

export interface ExpositionOptions {
  /** Counted anew at each scrape: CPU, memory, event loop lag, garbage collection. */
  readonly processMetrics: boolean;
}

/**
 * The metrics of this process. Whoever counts keeps plain numbers and says how to read them; they
 * become samples only when somebody asks. (prom-client hashes an object of labels on every
 * increment, which costs several times what Sluice may spend on counting a transaction.)
 */
export class MetricsRegistry {
  readonly #registry = new Registry();

  constructor({ processMetrics }: ExpositionOptions) {
    if (processMetrics) collectDefaultMetrics({ register: this.#registry });
  }

  /** Adds a metric whose samples are read at each scrape. */
  expose(definition: MetricDefinition, read: () => readonly Sample[]): void {
    const { name, help, type, aggregator = "sum" } = definition;
    const state = () => Promise.resolve({ name, help, type, aggregator, values: read() });
    // A registry needs no more of a metric than its name and this: see Registry#getMetricsAsString.
    const metric: unknown = { name, get: state };
    this.#registry.registerMetric(metric as Metric);
  }

  async snapshot(): Promise<MetricsSnapshot> {
    const metrics: unknown = await this.#registry.getMetricsAsJSON();
    // The declarations of prom-client call `type` a number; it is a word.
    return metrics as MetricsSnapshot;
  }

  /** Prometheus text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}

/** Media type of what `MetricsRegistry.text` and `metricsText` give. */
export const metricsContentType: string = Registry.PROMETHEUS_CONTENT_TYPE;

/** One text for the snapshots of several processes. */
export function metricsText(snapshots: readonly MetricsSnapshot[]): Promise<string> {
  return AggregatorRegistry.aggregate(snapshots as unknown as object[]).metrics();
}

/**
 * What must outlive a process that is gone: its counters and histograms. Added to the snapshots of
 * the living ones, the sums go on rising; without it they would fall, which Prometheus takes for a
 * restart of everything.
 */
export function retained(snapshot: MetricsSnapshot): MetricsSnapshot {
  return snapshot.filter(({ type }) => type === "counter" || type === "histogram");
}

export const single = (value: number): readonly Sample[] => [{ labels: {}, value }];

/** The samples of a histogram in the order Prometheus wants them. */
export function histogramSamples(name: string, labels: Labels, histogram: Histogram): Sample[] {
  const counts = histogram.cumulative();
  const metricName = `${name}_bucket`;
  const buckets = histogram.bounds.map((le, index) => ({
    labels: { ...labels, le },
    value: counts[index] ?? 0,
    metricName,
  }));
  return [
    ...buckets,
    { labels: { ...labels, le: "+Inf" }, value: histogram.count, metricName },
    { labels, value: histogram.sum, metricName: `${name}_sum` },
    { labels, value: histogram.count, metricName: `${name}_count` },
  ];
}
