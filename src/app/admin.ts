import {
  AdminServer,
  AdminTls,
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

const TLS_RELOAD_MS = 5000;

/** The admin port, unless it is switched off. */
export async function startAdmin(
  { admin }: Settings,
  { logger, registry, operator, ...means }: AdminMeans,
): Promise<AdminServer | undefined> {
  if (admin.address === undefined) return undefined;
  const readiness = (): Readiness =>
    means.draining() ? { ready: false, reasons: ["draining"] } : { ready: true, reasons: [] };
  const { tokenFile } = admin;
  const tls = tlsOf(admin.tls);
  if (tokenFile !== undefined && tls === undefined && !isLoopback(admin.address)) {
    logger.warn("tokens of the admin port can be read on their way: set admin.tls.certFile");
  }
  const api = new CacheApi({
    tokens: tokenFile === undefined ? undefined : new AdminTokens(tokenFile, logger),
    operator,
    metrics: new PrometheusOperationMetrics(registry),
    logger,
  });
  const adminServer = new AdminServer({
    ...admin.address,
    tls,
    logger,
    sources: { readiness, metrics: means.metrics },
    api,
  });
  await adminServer.start();
  return adminServer;
}

function tlsOf({ certFile, keyFile }: Settings["admin"]["tls"]): AdminTls | undefined {
  if (certFile === undefined || keyFile === undefined) return undefined;
  return new AdminTls({ certFile, keyFile, reloadMs: TLS_RELOAD_MS });
}

function isLoopback({ host }: NonNullable<Settings["admin"]["address"]>): boolean {
  return host !== undefined && /^(?:127\.|::1$|localhost$)/.test(host);
}
