import { LineLimit } from "./line-limit.ts";
import type { LogFields, Logger } from "./logger.ts";
import { Cause, type TransactionRecord, type TransactionSubscriber } from "./transaction-record.ts";

/** The fields of a line, in their order; docs/logging.md describes each. */
export const transactionLogFields = [
  "incidentId",
  "service",
  "method",
  "icapStatus",
  "outcome",
  "cause",
  "peer",
  "clientIp",
  "user",
  "groups",
  "httpMethod",
  "host",
  "entityType",
  "entitySize",
  "sha256",
  "verdict",
  "reason",
  "message",
  "cached",
  "threats",
  "rule",
  "monitored",
  "override",
  "overrideReason",
  "overrideAuthor",
  "withheld",
  "errorCode",
  "errorMessage",
  "bytesIn",
  "bytesOut",
  "durationMs",
  "scanMs",
] as const satisfies readonly (keyof TransactionRecord)[];

/** What anybody who can connect may cause at no cost, without having been served. */
const UNSERVED: ReadonlySet<Cause> = new Set([Cause.Protocol, Cause.Refused]);
const MAX_UNSERVED = 100;
const UNSERVED_PER_MS = 10_000;

/**
 * One line for each transaction, message `transaction`. The fields are read one by one: a record may
 * work out what only a log line needs when it is asked for it. Of what was refused only so much is
 * written that nobody can fill the log with it; the rest is counted, in a line of its own.
 *
 * @param now monotonic milliseconds
 */
export function createTransactionLog(
  logger: Logger,
  now: () => number = () => performance.now(),
): TransactionSubscriber {
  const unserved = new LineLimit({ lines: MAX_UNSERVED, perMs: UNSERVED_PER_MS, now });
  return (record) => {
    if (UNSERVED.has(record.cause)) {
      if (!unserved.take()) return;
      const lines = unserved.takeLeftOut();
      if (lines > 0) logger.warn("refused requests not logged", { lines });
    }
    logger.info("transaction", fieldsOf(record));
  };
}

function fieldsOf(record: TransactionRecord): LogFields {
  const line: Record<string, unknown> = {};
  for (const name of transactionLogFields) {
    const value = record[name];
    if (value !== undefined) line[name] = value;
  }
  return line;
}
