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
    const screen = inner.screen?.bind(inner);
    if (screen === undefined) return;
    this.screen = async (beginning, context) => {
      const started = performance.now();
      const verdict = await screen(beginning, context);
      // What it cannot tell yet it is asked again, and counted then.
      if (verdict !== undefined) this.#count(verdict, started);
      return verdict;
    };
  }

  async scan(entity: Entity, context: ScanContext): Promise<Verdict> {
    const started = performance.now();
    const verdict = await this.inner.scan(entity, context);
    if (!isNotNeeded(context.signal)) this.#count(verdict, started);
    return verdict;
  }

  #count({ kind }: Verdict, started: number): void {
    this.#metrics.scanEnded(this.name, kind, performance.now() - started);
  }
}
