import { decideOutcome, type Finding, findingOf, type OutcomeSettings } from "./outcome-policy.ts";

/** What is looked at of a verdict. */
interface JudgedAs {
  readonly kind: string;
  readonly reason?: string | undefined;
  readonly also?: readonly string[] | undefined;
}

/**
 * Whether a service lets the message pass as it came, or would if it enforced, whichever of the
 * kinds that went into a verdict decides.
 */
export function passes({ kind, reason, also = [] }: JudgedAs, settings: OutcomeSettings): boolean {
  const findings = [
    findingOf({ kind, reason }),
    ...also.map((other) => findingOf({ kind: other })),
  ];
  return findings.every((finding: Finding) => {
    const { outcome, withheld = outcome } = decideOutcome(finding, settings);
    return withheld === "unmodified";
  });
}
