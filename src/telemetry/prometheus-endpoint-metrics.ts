import type {
  EjectionReason,
  EndpointMetrics,
  EndpointState,
  RetryResult,
} from "./endpoint-metrics.ts";
import { type MetricDefinition, metricDefinitions } from "./metric-definitions.ts";
import type { Labels, MetricsRegistry } from "./metrics-registry.ts";
import { Tally } from "./tally.ts";

interface Watched {
  readonly scanner: string;
  readonly read: () => readonly EndpointState[];
}

/** Endpoints with the same labels are one series: at a reload the old scanner is there for a while. */
interface Series {
  readonly labels: Labels;
  readonly states: EndpointState[];
}

/** `EndpointMetrics` as plain numbers, read at each scrape. */
export class PrometheusEndpointMetrics implements EndpointMetrics {
  readonly #probes = new Tally(metricDefinitions.scannerProbes);
  readonly #retries = new Tally(metricDefinitions.scannerRetries);
  readonly #ejections = new Tally(metricDefinitions.scannerEjections);
  readonly #epochs = new Tally(metricDefinitions.scannerEpochs);
  readonly #watched = new Set<Watched>();

  constructor(registry: MetricsRegistry) {
    const metrics = metricDefinitions;
    const tallies = [this.#probes, this.#retries, this.#ejections, this.#epochs];
    for (const tally of tallies) tally.expose(registry);
    const gauge = (metric: MetricDefinition, value: (states: EndpointState[]) => number): void =>
      registry.expose(metric, () =>
        this.#series().map(({ labels, states }) => ({ labels, value: value(states) })),
      );
    gauge(metrics.scannerEndpointUp, (states) => Number(states.at(-1)?.isUp));
    gauge(metrics.scannerEndpointEjected, (states) => Number(states.at(-1)?.isEjected));
    gauge(metrics.scannerEndpointRequests, (states) =>
      states.reduce((sum, { requests }) => sum + requests, 0),
    );
  }

  probeEnded(scanner: string, isOk: boolean): void {
    this.#probes.add({ scanner, result: isOk ? "ok" : "failed" });
  }

  retryWanted(scanner: string, result: RetryResult): void {
    this.#retries.add({ scanner, result });
  }

  endpointEjected(scanner: string, reason: EjectionReason): void {
    this.#ejections.add({ scanner, reason });
  }

  epochChanged(scanner: string): void {
    this.#epochs.add({ scanner });
  }

  watchEndpoints(scanner: string, read: () => readonly EndpointState[]): () => void {
    const watched = { scanner, read };
    this.#watched.add(watched);
    return () => this.#watched.delete(watched);
  }

  #series(): Series[] {
    const series = new Map<string, Series>();
    for (const { scanner, read } of this.#watched) {
      for (const state of read()) {
        const labels = { scanner, url: state.url, address: state.address };
        const key = JSON.stringify(labels);
        const known = series.get(key);
        if (known === undefined) series.set(key, { labels, states: [state] });
        else known.states.push(state);
      }
    }
    return [...series.values()];
  }
}
