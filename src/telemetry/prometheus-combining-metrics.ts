import type { CombiningMetrics } from "./combining-metrics.ts";
import { metricDefinitions } from "./metric-definitions.ts";
import type { MetricsRegistry } from "./metrics-registry.ts";
import { Tally } from "./tally.ts";

/** `CombiningMetrics` as plain numbers, read at each scrape. */
export class PrometheusCombiningMetrics implements CombiningMetrics {
  readonly #shadows = new Tally(metricDefinitions.shadowVerdicts);
  readonly #failures = new Tally(metricDefinitions.optionalFailures);

  constructor(registry: MetricsRegistry) {
    for (const tally of [this.#shadows, this.#failures]) tally.expose(registry);
  }

  shadowScanEnded(service: string, scanner: string, verdict: string, counted: string): void {
    this.#shadows.add({ service, scanner, verdict, counted });
  }

  optionalScanFailed(service: string, scanner: string, verdict: string): void {
    this.#failures.add({ service, scanner, verdict });
  }
}
