import { type Verdict, VerdictKind } from "../scanning/index.ts";
import type { BackgroundMetrics, Logger } from "../telemetry/index.ts";
import type { Recipient } from "./recipient.ts";
import type { ScanRecord } from "./scan-record.ts";

/** The end of a background scan. */
export interface LateVerdict {
  readonly record: ScanRecord;
  /** `pending` when the time was up, `error` when it failed or was lost. */
  readonly verdict: Verdict;
  /** Milliseconds since 1970. */
  readonly endedAt: number;
  readonly recipients: readonly Recipient[];
}

/** Whether somebody was given the entity before its verdict. */
export function wasDelivered({ recipients }: LateVerdict): boolean {
  return recipients.some(({ delivered }) => delivered);
}

const unremarkable: ReadonlySet<VerdictKind> = new Set([VerdictKind.Clean, VerdictKind.Unknown]);

/** Counts a late verdict and writes it to the log. */
export function recordLateVerdict(
  late: LateVerdict,
  { metrics, logger }: { readonly metrics: BackgroundMetrics; readonly logger: Logger },
): void {
  const { record, verdict, endedAt, recipients } = late;
  const { service, scanner, id, entity, startedAt } = record;
  const delivered = wasDelivered(late);
  metrics.backgroundScanEnded(service, scanner, verdict.kind, delivered);
  const level = unremarkable.has(verdict.kind) ? "info" : "warn";
  logger[level]("late verdict", {
    service,
    scanner,
    scan: id,
    verdict: verdict.kind,
    reason: verdict.reason,
    threats: verdict.threats.map(({ name }) => name),
    message: verdict.message,
    sha256: entity.sha256,
    entitySize: entity.size,
    delivered,
    durationMs: endedAt - startedAt,
    recipients: recipients.map(({ transactionId, clientIp, user, delivered: passed }) => ({
      incidentId: transactionId,
      delivered: passed,
      clientIp,
      user,
    })),
  });
}
