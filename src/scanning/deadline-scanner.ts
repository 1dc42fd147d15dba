import type { Entity } from "../entity/index.ts";
import { judgeVerdict, rejected } from "./ask.ts";
import { DecoratedScanner } from "./decorated-scanner.ts";
import type { ScanContext, Scanner } from "./scanner.ts";
import { OUT_OF_TIME } from "./silence.ts";
import { errorVerdict, type Verdict, VerdictReason } from "./verdict.ts";

export interface DeadlineScannerOptions {
  /** How long one scan may take. */
  readonly timeoutMs: number;
  /** May answer `modified` and is told so; left out: that is an `error`. */
  readonly modifies?: boolean;
  /** How long verdicts may be used again. */
  readonly cacheTtl?: ScanContext["cacheTtl"];
}

/**
 * Answers `error`/`timeout` when the scanner takes longer than it may, or when the transaction is
 * aborted, and tells the scanner through its signal, and which of both it was by the reason. The answer comes then, whether or not the
 * scanner listens; the entity's bytes are held until it has ended, and a replacement that comes too
 * late is disposed.
 */
export class DeadlineScanner extends DecoratedScanner {
  readonly #timeoutMs: number;
  readonly #modifies: boolean;
  readonly #cacheTtl: ScanContext["cacheTtl"];

  constructor(inner: Scanner, options: DeadlineScannerOptions) {
    super(inner);
    this.#timeoutMs = options.timeoutMs;
    this.#modifies = options.modifies ?? false;
    this.#cacheTtl = options.cacheTtl;
  }

  scan(entity: Entity, context: ScanContext): Promise<Verdict> {
    if (context.signal.aborted) return Promise.resolve(this.#aborted());
    return new Promise((resolve) => {
      const deadline = new AbortController();
      let isWaiting = true;
      let release: (() => void) | undefined;
      const end = (verdict: Verdict): void => {
        isWaiting = false;
        clearTimeout(timer);
        context.signal.removeEventListener("abort", onAbort);
        resolve(verdict);
      };
      const giveUp = (verdict: Verdict, reason: unknown): void => {
        release = context.retain?.();
        end(verdict);
        deadline.abort(reason);
      };
      const onAbort = (): void => giveUp(this.#aborted(), context.signal.reason);
      const onLate = (): void => {
        if (isWaiting) giveUp(this.#late(), OUT_OF_TIME);
      };
      // After a busy moment of this process the verdict may be here and not be read yet.
      const timer = setTimeout(() => setImmediate(onLate), this.#timeoutMs);
      const settled = (verdict: Verdict): void => {
        if (isWaiting) {
          end(this.#modifies ? verdict : judgeVerdict(this.name, verdict));
        } else {
          verdict.replacement?.dispose();
          release?.();
        }
      };
      context.signal.addEventListener("abort", onAbort, { once: true });
      const own = performance.now() + this.#timeoutMs;
      const deadlineAt = Math.min(own, context.deadlineAt ?? own);
      const takesReplacement = this.#modifies && context.takesReplacement === true;
      const { signal } = deadline;
      const cacheTtl = this.#cacheTtl ?? context.cacheTtl;
      this.inner
        .scan(entity, { ...context, signal, deadlineAt, takesReplacement, cacheTtl })
        .then(settled, (error: unknown) => settled(rejected(this.name, error)));
    });
  }

  #aborted(): Verdict {
    return errorVerdict(VerdictReason.Timeout, `${this.name}: the transaction was aborted`);
  }

  #late(): Verdict {
    const message = `${this.name} gave no verdict within ${this.#timeoutMs} ms`;
    return errorVerdict(VerdictReason.Timeout, message);
  }
}
