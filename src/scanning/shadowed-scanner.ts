import type { Entity } from "../entity/index.ts";
import { ask, guarded, type Member } from "./ask.ts";
import { DecoratedScanner } from "./decorated-scanner.ts";
import { NOT_NEEDED } from "./not-needed.ts";
import type { ScanContext, Scanner } from "./scanner.ts";
import { type Verdict, type VerdictKind, VerdictReason } from "./verdict.ts";

/** What a scanner in shadow said. */
export interface ShadowAnswer {
  /** The name under which the service lists it. */
  readonly scanner: string;
  /** Undefined: the transaction ended before it had answered. */
  readonly verdict: Verdict | undefined;
  /** The kind of the verdict that counted, of the same entity. */
  readonly counted: VerdictKind;
}

export interface ShadowedScannerOptions {
  /** Each with a deadline of its own; whether they are required makes no difference. */
  readonly shadows: readonly Member[];
  /** Called once for each shadow and entity, for logs and metrics. Must not throw. */
  readonly onAnswer: (answer: ShadowAnswer, context: ScanContext) => void;
}

/**
 * Asks other scanners beside the one that counts, to see what they would say. Their verdicts change
 * nothing and nobody waits for them: the end of the transaction stops them. As long as one of them
 * runs, the entity's bytes are held.
 */
export class ShadowedScanner extends DecoratedScanner {
  readonly #shadows: readonly Member[];
  readonly #onAnswer: ShadowedScannerOptions["onAnswer"];

  constructor(inner: Scanner, { shadows, onAnswer }: ShadowedScannerOptions) {
    super(inner);
    this.#shadows = shadows.map(guarded);
    this.#onAnswer = onAnswer;
  }

  scan(entity: Entity, context: ScanContext): Promise<Verdict> {
    const counting = this.inner.scan(entity, context);
    const kind = counting.then(kindOf, () => "error" as const);
    for (const shadow of this.#shadows) void this.#follow(shadow, entity, context, kind);
    return counting;
  }

  async #follow(
    { name, scanner }: Member,
    entity: Entity,
    context: ScanContext,
    counting: Promise<VerdictKind>,
  ): Promise<void> {
    const release = context.retain?.();
    const stop = new AbortController();
    const drop = (): void => stop.abort(NOT_NEEDED);
    context.signal.addEventListener("abort", drop, { once: true });
    if (context.signal.aborted) drop();
    const verdict = await ask(scanner, entity, { ...context, signal: stop.signal });
    context.signal.removeEventListener("abort", drop);
    release?.();
    const counted = await counting;
    const isDropped = stop.signal.aborted && verdict.reason === VerdictReason.Timeout;
    this.#onAnswer({ scanner: name, verdict: isDropped ? undefined : verdict, counted }, context);
  }
}

function kindOf({ kind }: Verdict): VerdictKind {
  return kind;
}
