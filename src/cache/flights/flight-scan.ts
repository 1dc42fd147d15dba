import { isOutOfTime, NOT_NEEDED, type ScanContext } from "../../scanning/index.ts";

/**
 * One scan for a flight. It reads the entity of one of those who wait, and goes on when that one leaves
 * and others wait on: then it holds the entity, which stays in the budget, until it has ended.
 */
export class FlightScan {
  readonly #context: ScanContext;
  readonly #stop = new AbortController();
  #release: (() => void) | undefined;
  #isLeft = false;
  #leftFor: unknown;

  constructor(context: ScanContext) {
    this.#context = context;
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** It goes on without the one who began it. */
  get isLeft(): boolean {
    return this.#isLeft;
  }

  /**
   * The one who began it leaves, for this reason; false: it cannot go on. It can't where the entity is
   * valid only as long as that one waits, nor where it may leave a job behind that nobody else would follow.
   */
  outlive(reason: unknown): boolean {
    const { retain, keepJob } = this.#context;
    if (retain === undefined || keepJob === true) return false;
    this.#release = retain();
    this.#isLeft = true;
    this.#leftFor = reason;
    return true;
  }

  /** The verdict came from elsewhere. A scanner that was silent for all of somebody's time hears of that. */
  dismiss(): void {
    this.#release ??= this.#context.retain?.();
    this.stop(isOutOfTime(this.#leftFor) ? this.#leftFor : NOT_NEEDED);
  }

  stop(reason: unknown): void {
    this.#stop.abort(reason);
  }

  /** It does not read any more. */
  ended(): void {
    this.#release?.();
  }
}
