import type { Entity } from "../entity/index.ts";
import {
  DecoratedScanner,
  isNotNeeded,
  type ScanContext,
  type Scanner,
  type Verdict,
} from "../scanning/index.ts";
import type { ScannerMetrics } from "../telemetry/index.ts";

/** Counts what a scanner says and how long it takes, unless it was told that nobody needs it. */
export class ObservedScanner extends DecoratedScanner {
  readonly #metrics: ScannerMetrics;

  constructor(inner: Scanner, metrics: ScannerMetrics) {
    super(inner);
    this.#metrics = metrics;
  }

  async scan(entity: Entity, context: ScanContext): Promise<Verdict> {
    const started = performance.now();
    const verdict = await this.inner.scan(entity, context);
    if (!isNotNeeded(context.signal)) {
      this.#metrics.scanEnded(this.name, verdict.kind, performance.now() - started);
    }
    return verdict;
  }
}
