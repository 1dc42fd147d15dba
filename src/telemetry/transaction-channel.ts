import type { Logger } from "./logger.ts";
import type { TransactionRecord, TransactionSubscriber } from "./transaction-record.ts";

/**
 * Hands each ended transaction to whoever subscribed, in order of subscription. The publisher
 * knows nobody behind it; a subscriber that throws is logged and costs the others nothing.
 */
export class TransactionChannel {
  readonly #logger: Logger;
  #subscribers: readonly TransactionSubscriber[] = [];

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Returns the function that ends the subscription. */
  subscribe(subscriber: TransactionSubscriber): () => void {
    this.#subscribers = [...this.#subscribers, subscriber];
    return () => {
      this.#subscribers = this.#subscribers.filter((other) => other !== subscriber);
    };
  }

  publish(record: TransactionRecord): void {
    for (const subscriber of this.#subscribers) {
      try {
        subscriber(record);
      } catch (err) {
        this.#logger.error("transaction subscriber failed", { err });
      }
    }
  }
}
