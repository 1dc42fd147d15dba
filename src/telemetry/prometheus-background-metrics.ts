import type {
  BackgroundMetrics,
  BackgroundUsage,
  EventMetrics,
  HandOver,
  ScanAsked,
} from "./background-metrics.ts";
import { metricDefinitions } from "./metric-definitions.ts";
import { type Labels, type MetricsRegistry, type Sample, single } from "./metrics-registry.ts";

/** `BackgroundMetrics` and `EventMetrics` as plain numbers, read at each scrape. */
export class PrometheusBackgroundMetrics implements BackgroundMetrics, EventMetrics {
  readonly #asked = new Map<string, Sample>();
  readonly #moved = new Map<string, Sample>();
  readonly #ended = new Map<string, Sample>();
  readonly #events = new Map<string, Sample>();
  #retries = 0;

  constructor(registry: MetricsRegistry) {
    const metrics = metricDefinitions;
    registry.expose(metrics.backgroundScans, () => [...this.#asked.values()]);
    registry.expose(metrics.backgroundHandOvers, () => [...this.#moved.values()]);
    registry.expose(metrics.backgroundVerdicts, () => [...this.#ended.values()]);
    registry.expose(metrics.events, () => [...this.#events.values()]);
    registry.expose(metrics.eventRetries, () => single(this.#retries));
  }

  /** Both are called at each scrape. */
  watch(registry: MetricsRegistry, usage: () => BackgroundUsage, waiting: () => number): void {
    const { backgroundScansInFlight, backgroundBytes, eventsWaiting } = metricDefinitions;
    registry.expose(backgroundScansInFlight, () => single(usage().scans));
    registry.expose(backgroundBytes, () => single(usage().bytes));
    registry.expose(eventsWaiting, () => single(waiting()));
  }

  backgroundScanAsked(service: string, scanner: string, result: ScanAsked): void {
    increment(this.#asked, { service, scanner, result });
  }

  backgroundScanMoved(how: HandOver): void {
    increment(this.#moved, { how });
  }

  backgroundScanEnded(service: string, scanner: string, verdict: string, delivered: boolean): void {
    increment(this.#ended, { service, scanner, verdict, delivered: String(delivered) });
  }

  eventEnded(result: "sent" | "dead"): void {
    increment(this.#events, { result });
  }

  eventRetried(): void {
    this.#retries += 1;
  }
}

function increment(samples: Map<string, Sample>, labels: Labels): void {
  const key = JSON.stringify(labels);
  samples.set(key, { labels, value: (samples.get(key)?.value ?? 0) + 1 });
}
