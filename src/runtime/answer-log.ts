import {
  isOpinion,
  type ScanContext,
  type ScannerAnswer,
  type ShadowAnswer,
  VerdictKind,
} from "../scanning/index.ts";
import type { CombiningMetrics, Logger } from "../telemetry/index.ts";

/** Tells of the answers that change nothing, so that they are not lost: optional failures, shadows. */
export class AnswerLog {
  readonly #metrics: CombiningMetrics;
  readonly #logger: Logger;

  constructor(metrics: CombiningMetrics, logger: Logger) {
    this.#metrics = metrics;
    this.#logger = logger;
  }

  readonly ofMember = (answer: ScannerAnswer, { service, transactionId }: ScanContext): void => {
    const { scanner, required, verdict } = answer;
    if (required || isOpinion(verdict) || verdict.kind === VerdictKind.Modified) return;
    this.#metrics.optionalScanFailed(service, scanner, verdict.kind);
    const { kind, reason, message } = verdict;
    const fields = { service, scanner, incidentId: transactionId, verdict: kind, reason, message };
    // One that is pending will have one soon.
    const level = kind === VerdictKind.Pending ? "info" : "warn";
    this.#logger[level]("optional scanner has no opinion", fields);
  };

  readonly ofShadow = (answer: ShadowAnswer, { service, transactionId }: ScanContext): void => {
    const { scanner, verdict, counted } = answer;
    const kind = verdict?.kind ?? "dropped";
    this.#metrics.shadowScanEnded(service, scanner, kind, counted);
    this.#logger.info("shadow verdict", {
      service,
      scanner,
      incidentId: transactionId,
      verdict: kind,
      counted,
      reason: verdict?.reason,
      threats: verdict?.threats.map(({ name }) => name),
      message: verdict?.message,
    });
  };
}
