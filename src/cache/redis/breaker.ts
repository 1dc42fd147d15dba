export interface BreakerOptions {
  /** Failures in a row after which nobody asks any more. */
  readonly failures: number;
  /** How long; after that one asks, and the others once that one was answered. */
  readonly openForMs: number;
  /** A clock that only goes forward, in milliseconds. */
  readonly now: () => number;
}

/** Keeps from asking somebody who does not answer: nobody waits where waiting is in vain. */
export class Breaker {
  readonly #options: BreakerOptions;
  #failures = 0;
  #closedAgainAt = 0;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#failures >= this.#options.failures;
  }

  /** Whether the caller may ask. While open, one in each `openForMs` may. */
  admits(): boolean {
    if (!this.isOpen) return true;
    const { now, openForMs } = this.#options;
    if (now() < this.#closedAgainAt) return false;
    this.#closedAgainAt = now() + openForMs;
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
  }

  failed(): void {
    const { failures, openForMs, now } = this.#options;
    this.#failures += 1;
    if (this.#failures === failures) this.#closedAgainAt = now() + openForMs;
  }
}
