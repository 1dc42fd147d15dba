import type {
  BackgroundMetrics,
  BackgroundUsage,
  EventMetrics,
  HandOver,
  ScanAsked,
} from "./background-metrics.ts";
import { metricDefinitions } from "./metric-definitions.ts";
import { type MetricsRegistry, single } from "./metrics-registry.ts";
import { Tally } from "./tally.ts";

/** `BackgroundMetrics` and `EventMetrics` as plain numbers, read at each scrape. */
export class PrometheusBackgroundMetrics implements BackgroundMetrics, EventMetrics {
  readonly #asked = new Tally(metricDefinitions.backgroundScans);
  readonly #moved = new Tally(metricDefinitions.backgroundHandOvers);
  readonly #ended = new Tally(metricDefinitions.backgroundVerdicts);
  readonly #events = new Tally(metricDefinitions.events);
  #retries = 0;

  constructor(registry: MetricsRegistry) {
    for (const tally of [this.#asked, this.#moved, this.#ended, this.#events]) {
      tally.expose(registry);
    }
    registry.expose(metricDefinitions.eventRetries, () => single(this.#retries));
  }

  /** Both are called at each scrape. */
  watch(registry: MetricsRegistry, usage: () => BackgroundUsage, waiting: () => number): void {
    const { backgroundScansInFlight, backgroundBytes, eventsWaiting } = metricDefinitions;
    registry.expose(backgroundScansInFlight, () => single(usage().scans));
    registry.expose(backgroundBytes, () => single(usage().bytes));
    registry.expose(eventsWaiting, () => single(waiting()));
  }

  backgroundScanAsked(service: string, scanner: string, result: ScanAsked): void {
    this.#asked.add({ service, scanner, result });
  }

  backgroundScanMoved(how: HandOver): void {
    this.#moved.add({ how });
  }

  backgroundScanEnded(service: string, scanner: string, verdict: string, delivered: boolean): void {
    this.#ended.add({ service, scanner, verdict, delivered: String(delivered) });
  }

  eventEnded(result: "sent" | "dead"): void {
    this.#events.add({ result });
  }

  eventRetried(): void {
    this.#retries += 1;
  }
}
