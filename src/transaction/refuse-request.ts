import type { IcapError } from "../protocol/index.ts";
import { Cause } from "../telemetry/index.ts";
import type { ClientLink } from "./client-link.ts";
import { EndedTransaction, failedBy } from "./ended-transaction.ts";
import type { TransactionEngine } from "./engine.ts";

/**
 * Answers what never became a transaction: bytes that are not ICAP, or one connection too many.
 *
 * @param cause only `protocol` says that the client does something wrong
 */
export function refuseRequest(
  engine: TransactionEngine,
  link: ClientLink,
  error: IcapError,
  cause: Cause = Cause.Protocol,
): void {
  const before = link.bytesSent;
  if (cause === Cause.Protocol) engine.metrics.parserError(error.code);
  link.sendText(engine.answers.error(error, undefined, error.closes || link.closesNext));
  engine.publish(
    new EndedTransaction(
      {
        incidentId: undefined,
        peer: link.peer,
        service: undefined,
        message: undefined,
        report: undefined,
        icapStatus: error.status,
        entitySize: undefined,
      },
      failedBy(cause, error),
      { bytesIn: 0, bytesOut: link.bytesSent - before, durationMs: 0 },
    ),
  );
}
