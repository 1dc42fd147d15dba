import {
  AdminServer,
  AdminTokens,
  CacheApi,
  type CacheOperator,
  type Readiness,
} from "../admin/index.ts";
import type { Settings } from "../config/index.ts";
import { type Log, type MetricsRegistry, PrometheusOperationMetrics } from "../telemetry/index.ts";

export interface AdminMeans {
  readonly logger: Log["logger"];
  readonly registry: MetricsRegistry;
  readonly operator: CacheOperator;
  draining(): boolean;
  metrics(): Promise<string>;
}

/** The admin port, unless it is switched off. */
export async function startAdmin(
  { admin }: Settings,
  { logger, registry, operator, ...means }: AdminMeans,
): Promise<AdminServer | undefined> {
  if (admin.address === undefined) return undefined;
  const readiness = (): Readiness =>
    means.draining() ? { ready: false, reasons: ["draining"] } : { ready: true, reasons: [] };
  const { tokenFile } = admin;
  const api = new CacheApi({
    tokens: tokenFile === undefined ? undefined : new AdminTokens(tokenFile, logger),
    operator,
    metrics: new PrometheusOperationMetrics(registry),
    logger,
  });
  const adminServer = new AdminServer({
    ...admin.address,
    logger,
    sources: { readiness, metrics: means.metrics },
    api,
  });
  await adminServer.start();
  return adminServer;
}
