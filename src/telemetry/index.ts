/**
 * Telemetry: what Sluice tells about itself, as narrow ports (`Logger`, `ServerMetrics`,
 * `TransactionRecord` subscribers) and their implementations with pino and prom-client, which are
 * fenced to this folder. It must not know who calls it: it imports nothing else of `src`.
 *
 * @module
 */
export {
  type BackgroundMetrics,
  type EventMetrics,
  HandOver,
  noBackgroundMetrics,
  ScanAsked,
} from "./background-metrics.ts";
export {
  type CacheMetrics,
  CacheTier,
  type CacheUsage,
  noCacheMetrics,
  ReadResult,
  SharingResult,
  WriteResult,
} from "./cache-metrics.ts";
export { type CombiningMetrics, noCombiningMetrics } from "./combining-metrics.ts";
export {
  EjectionReason,
  type EndpointMetrics,
  type EndpointState,
  noEndpointMetrics,
  RetryResult,
} from "./endpoint-metrics.ts";
export { EpochChanges } from "./epoch-changes.ts";
export { type LogFields, type Logger, LogLevel, silentLogger, writeAudit } from "./logger.ts";
export {
  MetricsRegistry,
  type MetricsSnapshot,
  metricsContentType,
  metricsText,
  retained,
} from "./metrics-registry.ts";
export {
  noOperationMetrics,
  noOverrideMetrics,
  type OperationMetrics,
  OperationResult,
  OverrideDisbelief,
  type OverrideMetrics,
} from "./override-metrics.ts";
export { createLog, type Log, type LogOptions } from "./pino-logger.ts";
export { PrometheusBackgroundMetrics } from "./prometheus-background-metrics.ts";
export { PrometheusCacheMetrics } from "./prometheus-cache-metrics.ts";
export { PrometheusCombiningMetrics } from "./prometheus-combining-metrics.ts";
export { PrometheusEndpointMetrics } from "./prometheus-endpoint-metrics.ts";
export {
  PrometheusOperationMetrics,
  PrometheusOverrideMetrics,
} from "./prometheus-override-metrics.ts";
export { PrometheusServerMetrics } from "./prometheus-server-metrics.ts";
export {
  type ConnectionMetrics,
  type LifecycleMetrics,
  noMetrics,
  type ProgressMetrics,
  RefusalReason,
  type ScannerMetrics,
  type ServerMetrics,
  type SpoolMetrics,
  type SpoolUsage,
  WorkerKind,
} from "./server-metrics.ts";
export { TransactionChannel } from "./transaction-channel.ts";
export { createTransactionLog } from "./transaction-log.ts";
export { createTransactionMetrics } from "./transaction-metrics.ts";
export {
  Cause,
  OutcomeKind,
  type TransactionRecord,
  type TransactionSubscriber,
} from "./transaction-record.ts";
