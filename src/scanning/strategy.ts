import { combineVerdicts, distinctThreats } from "./combine.ts";
import { type Verdict, VerdictKind } from "./verdict.ts";

/** How the verdicts of several judges become one (docs/combining.md). */
export type CombineStrategy =
  /** One that blocks is enough; otherwise every doubt counts. */
  | { readonly type: "AnyBlocks" }
  /** The first opinion counts; without one, every doubt. */
  | { readonly type: "First" }
  /** So many must block. */
  | { readonly type: "Quorum"; readonly count: number }
  /** One score must reach the threshold, above 0 and at most 1. */
  | { readonly type: "Score"; readonly threshold: number };

/** What one judge said. */
export interface JudgeAnswer {
  readonly verdict: Verdict;
  /** False: only its opinion counts, never that it has none. */
  readonly required: boolean;
}

const opinions: ReadonlySet<VerdictKind> = new Set([
  VerdictKind.Clean,
  VerdictKind.Suspicious,
  VerdictKind.Blocked,
]);

/** A judge that says something about the entity, rather than why it says nothing. */
export function isOpinion({ kind }: Verdict): boolean {
  return opinions.has(kind);
}

/** Nobody who counts said anything: all that were asked are optional or in shadow. */
const NO_OPINION: Verdict = {
  kind: VerdictKind.Unknown,
  threats: [],
  message: "no scanner that counts gave an opinion",
};

/**
 * The verdict, once no answer that is missing could change what a service makes of it, under
 * whatever policy; undefined: wait. Pure; to be asked after each answer.
 *
 * @param answers those that came, in the order in which their judges are listed
 * @param missing how many are still to come
 */
export function decide(
  strategy: CombineStrategy,
  answers: readonly JudgeAnswer[],
  missing: number,
): Verdict | undefined {
  const counted = answers
    .filter(({ required, verdict }) => required || isOpinion(verdict))
    .map(({ verdict }) => verdict);
  if (counted.length === 0) return missing === 0 ? NO_OPINION : undefined;
  switch (strategy.type) {
    case "AnyBlocks":
      return worstOnceCertain(counted, missing);
    case "First":
      return counted.find(isOpinion) ?? worstOnceCertain(counted, missing);
    case "Quorum":
      return decideQuorum(strategy.count, counted, missing);
    case "Score":
      return worstOnceCertain(
        counted.map((verdict) => weighed(verdict, strategy.threshold)),
        missing,
      );
    default:
      return strategy satisfies never;
  }
}

/** `blocked` is the worst there is: nothing that comes later makes it any better. */
function worstOnceCertain(verdicts: readonly Verdict[], missing: number): Verdict | undefined {
  return missing === 0 || verdicts.some(blocks) ? combineVerdicts(verdicts) : undefined;
}

/** Whoever does not say `clean` might have blocked. What could not have made the quorum is outvoted. */
function decideQuorum(
  count: number,
  verdicts: readonly Verdict[],
  missing: number,
): Verdict | undefined {
  const blocking = verdicts.filter(blocks).length;
  if (blocking >= count) return combineVerdicts(verdicts);
  const doubts = verdicts.filter(
    (verdict) => verdict.kind !== VerdictKind.Clean && !blocks(verdict),
  );
  const threats = distinctThreats(verdicts);
  if (blocking + doubts.length + missing < count) {
    const message = `${blocking} of ${count} needed scanners block`;
    return { kind: VerdictKind.Clean, threats, ...(blocking > 0 && { message }) };
  }
  return missing === 0 ? { ...combineVerdicts(doubts), threats } : undefined;
}

/** An opinion as the threshold has it: the score alone blocks, and what falls short is no proof. */
function weighed(verdict: Verdict, threshold: number): Verdict {
  if (!isOpinion(verdict)) return verdict;
  const score = verdict.score ?? (blocks(verdict) ? 1 : 0);
  if (score >= threshold) return { ...verdict, kind: VerdictKind.Blocked };
  return blocks(verdict) ? { ...verdict, kind: VerdictKind.Suspicious } : verdict;
}

function blocks({ kind }: Verdict): boolean {
  return kind === VerdictKind.Blocked;
}
