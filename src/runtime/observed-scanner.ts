import type { Entity } from "../entity/index.ts";
import {
  DecoratedScanner,
  type ScanContext,
  type Scanner,
  type Verdict,
} from "../scanning/index.ts";
import type { ScannerMetrics } from "../telemetry/index.ts";

/** Counts what a scanner says and how long it takes. */
export class ObservedScanner extends DecoratedScanner {
  readonly #metrics: ScannerMetrics;

  constructor(inner: Scanner, metrics: ScannerMetrics) {
    super(inner);
    this.#metrics = metrics;
  }

  async scan(entity: Entity, context: ScanContext): Promise<Verdict> {
    const started = performance.now();
    const verdict = await this.inner.scan(entity, context);
    this.#metrics.scanEnded(this.name, verdict.kind, performance.now() - started);
    return verdict;
  }
}
