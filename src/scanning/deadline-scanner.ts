import type { Entity } from "../entity/index.ts";
import { DecoratedScanner } from "./decorated-scanner.ts";
import type { ScanContext, Scanner } from "./scanner.ts";
import { errorVerdict, type Verdict, VerdictReason } from "./verdict.ts";

export interface DeadlineScannerOptions {
  /** How long one scan may take. */
  readonly timeoutMs: number;
}

/**
 * Answers `error`/`timeout` when the scanner takes longer than it may, or when the transaction is
 * aborted, and tells the scanner through its signal. The answer comes then, whether or not the
 * scanner listens.
 */
export class DeadlineScanner extends DecoratedScanner {
  readonly #timeoutMs: number;

  constructor(inner: Scanner, options: DeadlineScannerOptions) {
    super(inner);
    this.#timeoutMs = options.timeoutMs;
  }

  scan(entity: Entity, context: ScanContext): Promise<Verdict> {
    const { promise, resolve } = Promise.withResolvers<Verdict>();
    const deadline = new AbortController();
    const giveUp = (why: string): void => {
      resolve(errorVerdict(VerdictReason.Timeout, why));
      deadline.abort();
    };
    const onAbort = (): void => giveUp(`${this.name}: the transaction was aborted`);
    const timer = setTimeout(
      () => giveUp(`${this.name} gave no verdict within ${this.#timeoutMs} ms`),
      this.#timeoutMs,
    );
    context.signal.addEventListener("abort", onAbort, { once: true });
    if (context.signal.aborted) onAbort();
    else {
      const own = performance.now() + this.#timeoutMs;
      const deadlineAt = Math.min(own, context.deadlineAt ?? own);
      this.inner
        .scan(entity, { ...context, signal: deadline.signal, deadlineAt })
        .then(resolve, (error: unknown) => resolve(rejected(this.name, error)));
    }
    return promise.finally(() => {
      clearTimeout(timer);
      context.signal.removeEventListener("abort", onAbort);
    });
  }
}

/** A scanner must not reject; one that does is as good as one that failed. */
function rejected(name: string, error: unknown): Verdict {
  const why = error instanceof Error ? error.message : String(error);
  return errorVerdict(VerdictReason.EngineError, `${name} failed: ${why}`);
}
