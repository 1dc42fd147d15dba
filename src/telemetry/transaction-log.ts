import type { Logger } from "./logger.ts";
import type { TransactionSubscriber } from "./transaction-record.ts";

/**
 * One line for each transaction, message `transaction`, with the fields of the record as they are:
 * nothing is copied, and what is undefined is left out. docs/logging.md lists them.
 */
export function createTransactionLog(logger: Logger): TransactionSubscriber {
  return (record) => logger.info("transaction", record);
}
