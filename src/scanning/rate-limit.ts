import type { Entity } from "../entity/index.ts";
import { DecoratedScanner } from "./decorated-scanner.ts";
import { pause } from "./pause.ts";
import type { ScanContext, Scanner } from "./scanner.ts";
import { errorVerdict, type Verdict, VerdictReason } from "./verdict.ts";

export interface RateLimitOptions {
  /** So many scans, at once or one by one, within each `perMs`. */
  readonly count: number;
  readonly perMs: number;
}

/**
 * A token bucket before a scanner. A scan waits for its token when that comes before its deadline;
 * otherwise it is `error`/`overload` at once, rather than a timeout later.
 */
export class RateLimit extends DecoratedScanner {
  readonly #count: number;
  readonly #msPerToken: number;
  /** Negative: so many tokens are promised to scans that wait. */
  #tokens: number;
  #filledAt: number;

  constructor(inner: Scanner, { count, perMs }: RateLimitOptions) {
    super(inner);
    this.#count = count;
    this.#msPerToken = perMs / count;
    this.#tokens = count;
    this.#filledAt = performance.now();
    const screen = inner.screen?.bind(inner);
    if (screen === undefined) return;
    this.screen = async (beginning, context) => {
      this.#fill(performance.now());
      // Nobody waits for a token that only spares him another one.
      if (this.#tokens < 1) return undefined;
      this.#tokens -= 1;
      return screen(beginning, context);
    };
  }

  async scan(entity: Entity, context: ScanContext): Promise<Verdict> {
    const now = performance.now();
    this.#fill(now);
    const waitMs = this.#tokens >= 1 ? 0 : (1 - this.#tokens) * this.#msPerToken;
    if (now + waitMs >= (context.deadlineAt ?? Number.POSITIVE_INFINITY)) {
      return errorVerdict(VerdictReason.Overload, `${this.name} is asked more than its rate`);
    }
    this.#tokens -= 1;
    if (waitMs > 0) await pause(waitMs, context.signal);
    return this.inner.scan(entity, context);
  }

  #fill(now: number): void {
    this.#tokens = Math.min(this.#count, this.#tokens + (now - this.#filledAt) / this.#msPerToken);
    this.#filledAt = now;
  }
}
