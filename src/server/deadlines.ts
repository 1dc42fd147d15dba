/** Something with at most one deadline at a time, on the sweep's own clock. */
export interface Timed {
  /** In milliseconds of `Deadlines.now`; `Infinity` for none. */
  readonly deadlineAt: number;
  onDeadline(): void;
}

const LONGEST_TICK_MS = 1000;
const SHORTEST_TICK_MS = 10;

/**
 * The deadlines of all connections, kept by looking at each now and then instead of with a timer per
 * request: setting a deadline costs one assignment (ADR 0007). One is noticed up to a tick late.
 */
export class Deadlines {
  readonly #timed = new Set<Timed>();
  readonly #timer: NodeJS.Timeout;
  #now = performance.now();

  /** @param shortestMs the shortest deadline in use; a tick is a quarter of it, at most a second */
  constructor(shortestMs: number) {
    const tickMs = Math.min(LONGEST_TICK_MS, Math.max(SHORTEST_TICK_MS, shortestMs / 4));
    this.#timer = setInterval(() => this.#tick(), tickMs);
    this.#timer.unref();
  }

  /** Monotonic milliseconds, as of the last tick. */
  get now(): number {
    return this.#now;
  }

  add(timed: Timed): void {
    this.#timed.add(timed);
  }

  remove(timed: Timed): void {
    this.#timed.delete(timed);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timed.clear();
  }

  #tick(): void {
    this.#now = performance.now();
    for (const timed of this.#timed) {
      if (timed.deadlineAt <= this.#now) timed.onDeadline();
    }
  }
}
