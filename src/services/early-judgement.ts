import type { ArrivingBody } from "../entity/index.ts";
import { EarlyScans, type ScanContext, type Scanner, type Verdict } from "../scanning/index.ts";
import type { KnownEntity } from "./facts/message-facts.ts";
import type { Outcome } from "./outcome.ts";
import type { EarlyJudgement } from "./service.ts";

export interface EarlyScanning {
  readonly scanner: Scanner;
  readonly arriving: ArrivingBody;
  /** What the heads and the first bytes say. */
  readonly known: KnownEntity;
  readonly context: ScanContext;
  /** A block may decide before the end: nothing that is known only then can overrule it. */
  readonly decides: boolean;
  /** What becomes of the message when this verdict decides. */
  readonly outcomeOf: (verdict: Verdict) => Outcome;
}

/** Lets scanners begin with a body that is still arriving; what they begin is for `judge` to take up. */
export function beginScans(scanning: EarlyScanning): {
  readonly scans: EarlyScans;
  readonly judgement: EarlyJudgement;
} {
  const { scanner, arriving, known, context, decides, outcomeOf } = scanning;
  const scans = new EarlyScans();
  const { fileName, declaredType, detectedType } = known;
  const { read, retain } = arriving;
  const entity = { fileName, declaredType, detectedType, read, retain };
  scanner.begin?.(entity, { ...context, early: scans, decides });
  const { promise: decided, resolve } = Promise.withResolvers<Outcome>();
  void scans.blocked.then((verdict) => {
    const outcome = outcomeOf(verdict);
    // Where it is only watched, the message goes on, whole.
    if (outcome.kind === "blocked") resolve(outcome);
  });
  return { scans, judgement: { decided, end: () => scans.end() } };
}
