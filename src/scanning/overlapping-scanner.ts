import type { Entity } from "../entity/index.ts";
import { rejected } from "./ask.ts";
import { DecoratedScanner } from "./decorated-scanner.ts";
import type { ArrivingEntity, EarlyScan } from "./early-scans.ts";
import { NOT_NEEDED } from "./not-needed.ts";
import type { EarlyContext, ScanContext, Scanner } from "./scanner.ts";
import { type Verdict, VerdictKind } from "./verdict.ts";

export interface OverlappingScannerOptions {
  /** Scans that may be under way at once before the end of their entities. */
  readonly maxEarly: number;
  /** How long one may wait for the end of its entity. */
  readonly maxWaitMs: number;
  /** After one that failed, how long none is begun. */
  readonly pauseMs: number;
}

/** What is told of an entity before its end: the scanner reads `context.arriving` in its place. */
const UNKNOWN = {
  content: { kind: "memory", data: Buffer.alloc(0) },
  size: 0,
  sha256: "",
} as const;

/**
 * Begins to scan an entity while it still arrives, so that the time of a scan is not added to that of
 * the entity's arrival. `scan` then waits for the verdict of what was begun, where it is one that can be
 * believed: of the same transaction, of the signatures that are in force now, and no failure. All else
 * is scanned anew, whole, as if nothing had begun; so a scan that began early can only save time.
 *
 * It belongs around the limits of a scanner, which hold for what begins early too. Senders are slow, and
 * a scan that waits for one holds a place: so only some of the places are given away, and not for long.
 */
export class OverlappingScanner extends DecoratedScanner {
  readonly #options: OverlappingScannerOptions;
  #early = 0;
  #pausedUntil = 0;

  constructor(inner: Scanner, options: OverlappingScannerOptions) {
    super(inner);
    this.#options = options;
  }

  override readonly begin = (arriving: ArrivingEntity, context: EarlyContext): void => {
    const { early, policy, decides } = context;
    if (!this.#mayBegin() || early.has(this, policy)) return;
    early.add(this, policy, { ...this.#begin(arriving, context), decides });
  };

  scan(entity: Entity, context: ScanContext): Promise<Verdict> {
    const begun = context.early?.take(this, context.policy, entity);
    if (begun === undefined) return this.inner.scan(entity, context);
    if (context.takesReplacement === true || begun.epoch !== this.epoch) {
      begun.stop();
      return this.inner.scan(entity, context);
    }
    return this.#await(begun, entity, context);
  }

  #mayBegin(): boolean {
    if (this.inner.takesArriving !== true) return false;
    return this.#early < this.#options.maxEarly && performance.now() >= this.#pausedUntil;
  }

  #begin(arriving: ArrivingEntity, context: EarlyContext): EarlyScan {
    const { maxWaitMs } = this.#options;
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(NOT_NEEDED), maxWaitMs);
    timer.unref();
    const release = arriving.retain();
    const { epoch } = this;
    this.#early += 1;
    const { fileName, declaredType, detectedType } = arriving;
    const verdict = this.inner
      .scan(
        { ...UNKNOWN, fileName, declaredType, detectedType },
        {
          ...context,
          arriving,
          takesReplacement: false,
          keepJob: false,
          jobAtOnce: false,
          retain: () => arriving.retain(),
          signal: stop.signal,
          deadlineAt: performance.now() + maxWaitMs,
        },
      )
      .catch((error: unknown) => rejected(this.name, error))
      .then((said) => {
        clearTimeout(timer);
        release();
        this.#early -= 1;
        if (!isUsable(said) && !stop.signal.aborted) this.#pause();
        return attributed(said, this.name);
      });
    return {
      epoch,
      verdict,
      adopt: () => clearTimeout(timer),
      stop: (reason = NOT_NEEDED) => stop.abort(reason),
    };
  }

  async #await(begun: EarlyScan, entity: Entity, context: ScanContext): Promise<Verdict> {
    begun.adopt();
    const stop = (): void => begun.stop(context.signal.reason);
    context.signal.addEventListener("abort", stop, { once: true });
    if (context.signal.aborted) stop();
    const verdict = await begun.verdict;
    context.signal.removeEventListener("abort", stop);
    // Signatures may have changed since the question: then nobody knows which of them judged.
    const isBelievable = isUsable(verdict) && begun.epoch === this.epoch;
    return isBelievable || context.signal.aborted ? verdict : this.inner.scan(entity, context);
  }

  /** A scanner that fails is not given twice the work. */
  #pause(): void {
    this.#pausedUntil = performance.now() + this.#options.pauseMs;
  }
}

function isUsable({ kind }: Verdict): boolean {
  return (
    kind !== VerdictKind.Error && kind !== VerdictKind.Pending && kind !== VerdictKind.Modified
  );
}

function attributed(verdict: Verdict, engine: string): Verdict {
  if (verdict.threats.length === 0) return verdict;
  return { ...verdict, threats: verdict.threats.map((threat) => ({ engine, ...threat })) };
}
