import type { CombiningMetrics } from "./combining-metrics.ts";
import { metricDefinitions } from "./metric-definitions.ts";
import type { Labels, MetricsRegistry, Sample } from "./metrics-registry.ts";

/** `CombiningMetrics` as plain numbers, read at each scrape. */
export class PrometheusCombiningMetrics implements CombiningMetrics {
  readonly #shadows = new Map<string, Sample>();
  readonly #failures = new Map<string, Sample>();

  constructor(registry: MetricsRegistry) {
    const { shadowVerdicts, optionalFailures } = metricDefinitions;
    registry.expose(shadowVerdicts, () => [...this.#shadows.values()]);
    registry.expose(optionalFailures, () => [...this.#failures.values()]);
  }

  shadowScanEnded(service: string, scanner: string, verdict: string, counted: string): void {
    increment(this.#shadows, { service, scanner, verdict, counted });
  }

  optionalScanFailed(service: string, scanner: string, verdict: string): void {
    increment(this.#failures, { service, scanner, verdict });
  }
}

function increment(samples: Map<string, Sample>, labels: Labels): void {
  const key = JSON.stringify(labels);
  samples.set(key, { labels, value: (samples.get(key)?.value ?? 0) + 1 });
}
