export interface CircuitBreakerOptions {
  /** Failures in a row after which nothing is let through. */
  readonly failures: number;
  /** How long; then one is let through to see. */
  readonly openForMs: number;
  /** A clock that only goes forward, in milliseconds. */
  readonly now: () => number;
}

/**
 * Leaves alone what keeps failing.
 *
 * ```
 * closed ──failures in a row──▶ open ──openForMs──▶ half open: one at a time
 *    ▲                           ▲                   │      │
 *    └───────────success─────────┼───────────────────┘      │
 *                                └─────────failure──────────┘
 * ```
 */
export class CircuitBreaker {
  readonly #options: CircuitBreakerOptions;
  #failuresInRow = 0;
  #openUntil: number | undefined;
  #isTrying = false;

  constructor(options: CircuitBreakerOptions) {
    this.#options = options;
  }

  /** Whether one more may be let through now. */
  get admits(): boolean {
    if (this.#openUntil === undefined) return true;
    return !this.#isTrying && this.#options.now() >= this.#openUntil;
  }

  /** It failed too often, and has not succeeded since. */
  get isOpen(): boolean {
    return this.#openUntil !== undefined;
  }

  /** One is let through: every call is followed by one of `succeeded`, `failed` and `abandoned`. */
  admit(): void {
    if (this.#openUntil !== undefined) this.#isTrying = true;
  }

  succeeded(): void {
    this.#failuresInRow = 0;
    this.#openUntil = undefined;
    this.#isTrying = false;
  }

  failed(): void {
    this.#failuresInRow += 1;
    this.#isTrying = false;
    const { failures, openForMs, now } = this.#options;
    if (this.#openUntil !== undefined || this.#failuresInRow >= failures) {
      this.#openUntil = now() + openForMs;
    }
  }

  /** It ended without telling anything, for example because the caller went away. */
  abandoned(): void {
    this.#isTrying = false;
  }
}
