import type { SpoolStore } from "../entity/index.ts";
import type { Router } from "../services/index.ts";
import type { Logger, ProgressMetrics, TransactionSubscriber } from "../telemetry/index.ts";
import { Answers } from "./answers.ts";
import { HttpDate } from "./http-date.ts";
import { Scratch } from "./scratch.ts";

export interface TransactionEngineOptions {
  readonly router: Router;
  readonly spools: SpoolStore;
  readonly publish: TransactionSubscriber;
  readonly metrics: ProgressMetrics;
  readonly logger: Logger;
  /** From so many bytes on scans may begin while a body arrives; left out: never. */
  readonly overlapBytes?: number;
}

/** What all transactions of a process share. */
export class TransactionEngine {
  readonly spools: SpoolStore;
  readonly publish: TransactionSubscriber;
  readonly metrics: ProgressMetrics;
  readonly logger: Logger;
  readonly overlapBytes: number;
  readonly answers = new Answers(new HttpDate());
  readonly scratch = new Scratch();
  #router: Router;

  constructor(options: TransactionEngineOptions) {
    this.spools = options.spools;
    this.publish = options.publish;
    this.metrics = options.metrics;
    this.logger = options.logger;
    this.overlapBytes = options.overlapBytes ?? Number.POSITIVE_INFINITY;
    this.#router = options.router;
  }

  get router(): Router {
    return this.#router;
  }

  /** From the next transaction on; those under way end with the services they began with. */
  replaceRouter(router: Router): void {
    this.#router = router;
  }
}
