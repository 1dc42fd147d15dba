import type { LogFields, Logger } from "./logger.ts";
import type { TransactionRecord, TransactionSubscriber } from "./transaction-record.ts";

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
  "cached",
  "threats",
  "rule",
  "monitored",
  "override",
  "overrideReason",
  "overrideAuthor",
  "withheld",
  "errorCode",
  "bytesIn",
  "bytesOut",
  "durationMs",
  "scanMs",
] as const satisfies readonly (keyof TransactionRecord)[];

/**
 * One line for each transaction, message `transaction`. The fields are read one by one: a record may
 * work out what only a log line needs when it is asked for it.
 */
export function createTransactionLog(logger: Logger): TransactionSubscriber {
  return (record) => logger.info("transaction", fieldsOf(record));
}

function fieldsOf(record: TransactionRecord): LogFields {
  const line: Record<string, unknown> = {};
  for (const name of transactionLogFields) {
    const value = record[name];
    if (value !== undefined) line[name] = value;
  }
  return line;
}
