import type { Entity } from "../entity/index.ts";
import { DecoratedScanner } from "./decorated-scanner.ts";
import type { ScanContext, Scanner } from "./scanner.ts";
import { errorVerdict, type Verdict, VerdictReason } from "./verdict.ts";

export interface ConcurrencyLimitOptions {
  /** Scans under way at once. */
  readonly concurrency: number;
  /** Scans that may wait for their turn; the next one is refused. */
  readonly queue: number;
}

interface Waiting {
  readonly start: () => void;
  readonly leave: () => void;
}

/**
 * Lets only so many scans through at once, the rest in order of arrival. With the queue full it
 * answers `error`/`overload` at once; a transaction aborted while it waits leaves the queue with
 * `error`/`timeout`, so that nobody waits behind the dead.
 */
export class ConcurrencyLimit extends DecoratedScanner {
  readonly #options: ConcurrencyLimitOptions;
  readonly #waiting = new Set<Waiting>();
  #running = 0;
  #closed = false;

  constructor(inner: Scanner, options: ConcurrencyLimitOptions) {
    super(inner);
    this.#options = options;
    const screen = inner.screen?.bind(inner);
    if (screen === undefined) return;
    this.screen = async (beginning, context) => {
      // Nobody waits for a turn that only spares him another one.
      const isFull = this.#running >= this.#options.concurrency;
      if (isFull || this.#takeSlot(context.signal) !== undefined) return undefined;
      return screen(beginning, context).finally(() => this.#passSlotOn());
    };
  }

  async scan(entity: Entity, context: ScanContext): Promise<Verdict> {
    const refused = await this.#takeSlot(context.signal);
    if (refused !== undefined) return refused;
    try {
      return await this.inner.scan(entity, context);
    } finally {
      this.#passSlotOn();
    }
  }

  override async close(): Promise<void> {
    this.#closed = true;
    for (const waiting of this.#waiting) waiting.leave();
    await this.inner.close();
  }

  /** Undefined when the caller has a slot, or the verdict that says why it gets none. */
  #takeSlot(signal: AbortSignal): Promise<Verdict | undefined> | Verdict | undefined {
    if (this.#closed) return errorVerdict(VerdictReason.EngineError, `${this.name} is closed`);
    if (signal.aborted) return this.#aborted();
    if (this.#running < this.#options.concurrency) {
      this.#running += 1;
      return undefined;
    }
    if (this.#waiting.size >= this.#options.queue) {
      return errorVerdict(
        VerdictReason.Overload,
        `${this.name}: ${this.#running} scans under way and ${this.#waiting.size} waiting`,
      );
    }
    return this.#wait(signal);
  }

  #wait(signal: AbortSignal): Promise<Verdict | undefined> {
    const { promise, resolve } = Promise.withResolvers<Verdict | undefined>();
    const onAbort = (): void => end(this.#aborted());
    const waiting: Waiting = {
      start: () => end(undefined),
      leave: () => end(errorVerdict(VerdictReason.EngineError, `${this.name} is closed`)),
    };
    const end = (verdict: Verdict | undefined): void => {
      this.#waiting.delete(waiting);
      signal.removeEventListener("abort", onAbort);
      resolve(verdict);
    };
    this.#waiting.add(waiting);
    signal.addEventListener("abort", onAbort, { once: true });
    return promise;
  }

  /** The slot goes to the one who waited longest, with no moment in which a newcomer could take it. */
  #passSlotOn(): void {
    const [waiting] = this.#waiting;
    if (waiting === undefined) this.#running -= 1;
    else waiting.start();
  }

  #aborted(): Verdict {
    return errorVerdict(VerdictReason.Timeout, `${this.name}: the transaction was aborted`);
  }
}
