/** So many lines in so much time; counts those that were one too many. */
export interface LineLimitOptions {
  readonly lines: number;
  readonly perMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** Bounds what others can make a log write. */
export class LineLimit {
  readonly #options: LineLimitOptions;
  #since = Number.NEGATIVE_INFINITY;
  #taken = 0;
  #leftOut = 0;

  constructor(options: LineLimitOptions) {
    this.#options = options;
  }

  /** Whether one more may be written now. */
  take(): boolean {
    const { lines, perMs, now } = this.#options;
    const at = now();
    if (at - this.#since >= perMs) {
      this.#since = at;
      this.#taken = 0;
    }
    if (this.#taken >= lines) {
      this.#leftOut += 1;
      return false;
    }
    this.#taken += 1;
    return true;
  }

  /** How many were not written since this was asked last. */
  takeLeftOut(): number {
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    return leftOut;
  }
}
