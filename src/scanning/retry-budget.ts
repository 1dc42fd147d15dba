/** Retries that may be made before the share is looked at, so that the first failure of a day has one. */
const RESERVE = 3;

/**
 * Keeps retries a bounded share of all scans, so that they do not bury scanners that are down
 * already.
 */
export class RetryBudget {
  readonly #share: number;
  #balance: number;

  constructor(percent: number) {
    this.#share = percent / 100;
    this.#balance = percent === 0 ? 0 : RESERVE;
  }

  /** A scan began. */
  deposit(): void {
    this.#balance = Math.min(this.#balance + this.#share, RESERVE);
  }

  /** Whether there is a retry left; it then counts as made. */
  withdraw(): boolean {
    // Sums of tenths fall a little short of 1.
    if (this.#balance < 1 - 1e-9) return false;
    this.#balance -= 1;
    return true;
  }
}
