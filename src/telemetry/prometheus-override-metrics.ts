import { metricDefinitions } from "./metric-definitions.ts";
import type { MetricsRegistry } from "./metrics-registry.ts";
import type {
  OperationMetrics,
  OperationResult,
  OverrideDisbelief,
  OverrideMetrics,
} from "./override-metrics.ts";
import { Tally } from "./tally.ts";

/** `OverrideMetrics` as plain numbers, read at each scrape. */
export class PrometheusOverrideMetrics implements OverrideMetrics {
  readonly #refused = new Tally(metricDefinitions.overridesRefused);

  constructor(registry: MetricsRegistry) {
    this.#refused.expose(registry);
  }

  /** `read` is called at each scrape and tells how many hold, by their action. */
  watch(registry: MetricsRegistry, read: () => Readonly<Record<string, number>>): void {
    registry.expose(metricDefinitions.overrides, () =>
      Object.entries(read()).map(([action, value]) => ({ labels: { action }, value })),
    );
  }

  overrideRefused(reason: OverrideDisbelief): void {
    this.#refused.add({ reason });
  }
}

/** `OperationMetrics` as plain numbers, read at each scrape. */
export class PrometheusOperationMetrics implements OperationMetrics {
  readonly #ended = new Tally(metricDefinitions.adminOperations);

  constructor(registry: MetricsRegistry) {
    this.#ended.expose(registry);
  }

  operationEnded(operation: string, result: OperationResult): void {
    this.#ended.add({ operation, result });
  }
}
