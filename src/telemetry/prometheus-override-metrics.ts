import { metricDefinitions } from "./metric-definitions.ts";
import type { MetricsRegistry, Sample } from "./metrics-registry.ts";
import type {
  OperationMetrics,
  OperationResult,
  OverrideDisbelief,
  OverrideMetrics,
} from "./override-metrics.ts";

/** `OverrideMetrics` as plain numbers, read at each scrape. */
export class PrometheusOverrideMetrics implements OverrideMetrics {
  readonly #refused = new Map<OverrideDisbelief, number>();

  constructor(registry: MetricsRegistry) {
    registry.expose(metricDefinitions.overridesRefused, () =>
      [...this.#refused].map(([reason, value]) => ({ labels: { reason }, value })),
    );
  }

  /** `read` is called at each scrape and tells how many hold, by their action. */
  watch(registry: MetricsRegistry, read: () => Readonly<Record<string, number>>): void {
    registry.expose(metricDefinitions.overrides, () =>
      Object.entries(read()).map(([action, value]) => ({ labels: { action }, value })),
    );
  }

  overrideRefused(reason: OverrideDisbelief): void {
    this.#refused.set(reason, (this.#refused.get(reason) ?? 0) + 1);
  }
}

/** `OperationMetrics` as plain numbers, read at each scrape. */
export class PrometheusOperationMetrics implements OperationMetrics {
  readonly #ended = new Map<string, Sample>();

  constructor(registry: MetricsRegistry) {
    registry.expose(metricDefinitions.adminOperations, () => [...this.#ended.values()]);
  }

  operationEnded(operation: string, result: OperationResult): void {
    const key = `${operation} ${result}`;
    const value = (this.#ended.get(key)?.value ?? 0) + 1;
    this.#ended.set(key, { labels: { operation, result }, value });
  }
}
