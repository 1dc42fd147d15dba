import type { Entity } from "../entity/index.ts";
import { ask, epochOf, guarded, judgeVerdict, type Member, type ScannerAnswer } from "./ask.ts";
import type { ArrivingEntity } from "./early-scans.ts";
import { NOT_NEEDED } from "./not-needed.ts";
import type { EarlyContext, ScanContext, Scanner } from "./scanner.ts";
import { type CombineStrategy, decide, type JudgeAnswer } from "./strategy.ts";
import type { Verdict } from "./verdict.ts";

export interface ScannerSetOptions {
  readonly name: string;
  readonly strategy: CombineStrategy;
  /**
   * Called for each answer as it comes, for logs and metrics; not for the answers of scanners that
   * were told to stop. Must not throw.
   */
  readonly onAnswer?: (answer: ScannerAnswer, context: ScanContext) => void;
}

/**
 * Asks several judges at once and makes one verdict of what they say (`decide`). As soon as it is
 * certain it is out and the others are told to stop; the entity's bytes are held until they have.
 * Each judge sees only entities within its own `maxBytes`; for the others it counts as
 * `unscannable`/`size`.
 */
export class ScannerSet implements Scanner {
  readonly name: string;
  readonly #members: readonly Member[];
  readonly #strategy: CombineStrategy;
  readonly #onAnswer: (answer: ScannerAnswer, context: ScanContext) => void;

  constructor(members: readonly Member[], options: ScannerSetOptions) {
    this.name = options.name;
    this.#members = members.map(guarded);
    this.#strategy = options.strategy;
    this.#onAnswer = options.onAnswer ?? (() => {});
    const needed = members.filter(({ required }) => required).length;
    if (this.#strategy.type === "Quorum" && this.#strategy.count > needed) {
      throw new Error(`${this.name}: the failure of an optional scanner would end the quorum`);
    }
  }

  /** The epochs of all, so that it changes when one of them does. */
  get epoch(): string {
    return epochOf(this.#members.map(({ scanner }) => scanner));
  }

  get maxBytes(): number {
    return Math.max(0, ...this.#members.map(({ scanner }) => scanner.maxBytes));
  }

  begin(arriving: ArrivingEntity, context: EarlyContext): void {
    const decides = context.decides && this.#strategy.type === "AnyBlocks";
    for (const { scanner } of this.#members) scanner.begin?.(arriving, { ...context, decides });
  }

  async scan(entity: Entity, context: ScanContext): Promise<Verdict> {
    const stop = new AbortController();
    const onAbort = (): void => stop.abort(context.signal.reason);
    context.signal.addEventListener("abort", onAbort, { once: true });
    if (context.signal.aborted) onAbort();
    try {
      return await this.#askUntilCertain(entity, { ...context, signal: stop.signal });
    } finally {
      context.signal.removeEventListener("abort", onAbort);
      stop.abort(NOT_NEEDED);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#members.map(({ scanner }) => scanner.close()));
  }

  #askUntilCertain(entity: Entity, context: ScanContext): Promise<Verdict> {
    const { promise, resolve } = Promise.withResolvers<Verdict>();
    const said: (JudgeAnswer | undefined)[] = this.#members.map(() => undefined);
    let missing = this.#members.length;
    let isCertain = false;
    const conclude = (): void => {
      const answers = said.filter((answer) => answer !== undefined);
      const verdict = decide(this.#strategy, answers, missing);
      if (verdict === undefined) return;
      isCertain = true;
      resolve(verdict);
      if (missing > 0) holdUntil(Promise.all(asked), context);
    };
    const asked = this.#members.map(async ({ name, scanner, required }, index) => {
      const verdict = judgeVerdict(name, await ask(scanner, entity, context));
      if (isCertain) return;
      this.#onAnswer({ scanner: name, required, verdict }, context);
      said[index] = { verdict, required };
      missing -= 1;
      conclude();
    });
    if (missing === 0) conclude();
    return promise;
  }
}

/** Keeps the bytes as they are until nobody who was told to stop can look at them any more. */
function holdUntil(settled: Promise<unknown>, { retain }: ScanContext): void {
  const release = retain?.();
  if (release !== undefined) void settled.then(release);
}
