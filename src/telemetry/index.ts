/**
 * Telemetry: what Sluice tells about itself, as narrow ports (`Logger`, `ServerMetrics`,
 * `TransactionRecord` subscribers) and their implementations with pino and prom-client, which are
 * fenced to this folder. It must not know who calls it: it imports nothing else of `src`.
 *
 * @module
 */
export { type LogFields, type Logger, LogLevel, silentLogger } from "./logger.ts";
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
export {
  Cause,
  OutcomeKind,
  type TransactionRecord,
  type TransactionSubscriber,
} from "./transaction-record.ts";
