import type { EndpointMetrics, RetryResult } from "../telemetry/index.ts";
import { pause } from "./pause.ts";
import type { RetrySettings } from "./remote-scanner.ts";
import { RetryBudget } from "./retry-budget.ts";

// Scan threads load this file too: not the whole of telemetry with it.
const MADE = "made" satisfies RetryResult;
const OVER_BUDGET = "over-budget" satisfies RetryResult;

export interface RetriesOptions {
  readonly scanner: string;
  readonly retry: RetrySettings;
  readonly metrics: EndpointMetrics;
}

/** The further attempts of a scanner: within its budget, counted, each after a pause. */
export class Retries {
  readonly #options: RetriesOptions;
  readonly #budget: RetryBudget;

  constructor(options: RetriesOptions) {
    this.#options = options;
    this.#budget = new RetryBudget(options.retry.budgetPercent);
  }

  /** In all, the first one included. */
  get maxAttempts(): number {
    return this.#options.retry.attempts;
  }

  scanBegan(): void {
    this.#budget.deposit();
  }

  /** Whether another attempt may be made; the pause before it is over then. */
  async mayRetry(signal: AbortSignal): Promise<boolean> {
    const { scanner, retry, metrics } = this.#options;
    const may = this.#budget.withdraw();
    metrics.retryWanted(scanner, may ? MADE : OVER_BUDGET);
    // Jittered by half, so that those who failed together do not come back together.
    if (may) await pause(retry.backoffMs * (0.5 + Math.random() / 2), signal);
    return may;
  }
}
