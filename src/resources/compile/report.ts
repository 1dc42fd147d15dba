import { formatProblem, type Problem } from "../problem.ts";
import { AcceptedReason, type Condition, type Finding, ResolvedRefsReason } from "./conditions.ts";
import type { Candidate } from "./identify.ts";

/** What compiling says about one input. */
export interface ObjectReport {
  readonly kind: string | undefined;
  /** Empty for cluster-wide kinds. */
  readonly namespace: string;
  readonly name: string | undefined;
  readonly generation: number | undefined;
  /** Whether it is part of the table's gateway and accepted. */
  readonly accepted: boolean;
  /** Of objects of this gateway: `Accepted`, and `ResolvedRefs` when accepted. */
  readonly conditions: readonly Condition[];
  readonly problems: readonly Problem[];
  /** For scanners: how many accepted services use it. */
  readonly usedBy: number;
}

/** What the steps of compiling found out about one candidate. */
export interface Judgement {
  readonly isElsewhere: boolean;
  readonly refused: readonly Finding<AcceptedReason>[];
  readonly unresolved: readonly Finding<ResolvedRefsReason>[];
  readonly usedBy: number;
}

export function reportOf(candidate: Candidate, judgement: Judgement): ObjectReport {
  const { kind, namespace, name, generation, problems } = candidate;
  const { isElsewhere, unresolved, usedBy } = judgement;
  const refused: Finding<AcceptedReason>[] = [
    ...problems.map((problem) => ({ ...problem, reason: AcceptedReason.Invalid })),
    ...judgement.refused,
  ];
  const accepted = !isElsewhere && refused.length === 0;
  return {
    kind,
    namespace,
    name,
    generation,
    accepted,
    conditions: isElsewhere ? [] : conditionsOf(refused, unresolved, generation),
    problems: [...refused, ...unresolved].map(({ path, message }) => ({ path, message })),
    usedBy,
  };
}

function conditionsOf(
  refused: readonly Finding<AcceptedReason>[],
  unresolved: readonly Finding<ResolvedRefsReason>[],
  generation: number | undefined,
): Condition[] {
  const observed = generation === undefined ? {} : { observedGeneration: generation };
  const condition = <R extends AcceptedReason | ResolvedRefsReason>(
    type: Condition["type"],
    findings: readonly Finding<R>[],
    good: R,
  ): Condition => ({
    type,
    status: findings.length === 0 ? "True" : "False",
    reason: findings.at(0)?.reason ?? good,
    message: messageOf(findings),
    ...observed,
  });
  const accepted = condition("Accepted", refused, AcceptedReason.Accepted);
  return refused.length > 0
    ? [accepted]
    : [accepted, condition("ResolvedRefs", unresolved, ResolvedRefsReason.ResolvedRefs)];
}

/** A condition's message is read in a terminal: the first few problems say enough. */
const MAX_PROBLEMS_IN_MESSAGE = 5;

function messageOf(findings: readonly Finding<string>[]): string {
  const told = findings.slice(0, MAX_PROBLEMS_IN_MESSAGE).map(formatProblem).join("; ");
  const rest = findings.length - MAX_PROBLEMS_IN_MESSAGE;
  return rest > 0 ? `${told}; and ${rest} more` : told;
}
