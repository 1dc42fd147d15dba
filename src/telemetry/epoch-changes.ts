import type { EndpointMetrics } from "./endpoint-metrics.ts";
import { LineLimit } from "./line-limit.ts";
import type { Logger } from "./logger.ts";

export interface EpochChangesOptions {
  /** For the log and the metrics. */
  readonly scanner: string;
  readonly metrics: EndpointMetrics;
  readonly logger: Logger;
  /** A clock that only goes forward, in milliseconds. Left out: `performance.now`. */
  readonly now?: () => number;
}

/** A rollout takes a few; a scanner that shows another epoch with every answer must not fill the log. */
const LOGGED = { lines: 10, perMs: 60_000 };

/** Tells of a scanner's epochs that were not known: metrics of each, the log of so many in a minute. */
export class EpochChanges {
  readonly #options: EpochChangesOptions;
  readonly #limit: LineLimit;

  constructor(options: EpochChangesOptions) {
    const { now = () => performance.now() } = options;
    this.#options = options;
    this.#limit = new LineLimit({ ...LOGGED, now });
  }

  tell(epoch: string): void {
    const { scanner, metrics, logger } = this.#options;
    metrics.epochChanged(scanner);
    if (!this.#limit.take()) return;
    const notLogged = this.#limit.takeLeftOut();
    const before = notLogged > 0 ? { notLogged } : {};
    logger.info("scanner shows a new epoch", { scanner, epoch, ...before });
  }
}
