import type { Entity } from "../entity/index.ts";
import type { ScanContext, Scanner, Verdict } from "../scanning/index.ts";
import type { ScannerMetrics } from "../telemetry/index.ts";

/** Counts what a scanner says and how long it takes. */
export class ObservedScanner implements Scanner {
  readonly #inner: Scanner;
  readonly #metrics: ScannerMetrics;

  constructor(inner: Scanner, metrics: ScannerMetrics) {
    this.#inner = inner;
    this.#metrics = metrics;
  }

  get name(): string {
    return this.#inner.name;
  }

  get epoch(): string {
    return this.#inner.epoch;
  }

  get maxBytes(): number {
    return this.#inner.maxBytes;
  }

  async scan(entity: Entity, context: ScanContext): Promise<Verdict> {
    const started = performance.now();
    const verdict = await this.#inner.scan(entity, context);
    this.#metrics.scanEnded(this.name, verdict.kind, performance.now() - started);
    return verdict;
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
