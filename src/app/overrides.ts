import { Overrides, type ScanCache } from "../cache/index.ts";
import {
  type Logger,
  type MetricsRegistry,
  PrometheusOverrideMetrics,
} from "../telemetry/index.ts";

export interface OverrideParts {
  readonly registry: MetricsRegistry;
  readonly logger: Logger;
}

/** What operators say of contents: shared where verdicts are. */
export function createOverrides(
  cache: ScanCache | undefined,
  { registry, logger }: OverrideParts,
): Overrides {
  const metrics = new PrometheusOverrideMetrics(registry);
  const connection = cache?.connection;
  const shared = cache && connection && { connection, seal: cache.seal };
  const overrides = new Overrides({ shared, metrics, logger });
  metrics.watch(registry, () => countByAction(overrides));
  return overrides;
}

export function countByAction({ all }: Overrides): {
  readonly allow: number;
  readonly block: number;
} {
  const allow = all.filter(({ action }) => action === "allow").length;
  return { allow, block: all.length - allow };
}
