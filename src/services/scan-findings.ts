import type { EntityProblem } from "../entity/index.ts";
import {
  errorVerdict,
  unscannableVerdict,
  type Verdict,
  VerdictReason,
} from "../scanning/index.ts";
import type { Findings } from "./outcome-maker.ts";
import type { Override } from "./overrides.ts";
import { Finding, findingOf, type RuleDecision } from "./rules/index.ts";

/** The original is not what the scanners want to pass, and the new content has no place in it. */
export function notRebuilt(findings: Findings): Findings {
  const verdict = errorVerdict(VerdictReason.EngineError, "new content cannot be put in place");
  return { ...findings, finding: Finding.Error, verdict };
}

export function findingsOfRule(decision: RuleDecision): Findings | undefined {
  const { action, rule, message } = decision;
  switch (action) {
    case "Skip":
      return { finding: Finding.SkippedByRule, rule };
    case "Block":
      return { finding: Finding.BlockedByRule, reason: VerdictReason.Policy, rule, message };
    case "Error":
      return { finding: Finding.Error, rule };
    case "Scan":
      return undefined;
    default:
      return action satisfies never;
  }
}

export function ruleFailed(rule: string | undefined): Verdict {
  return errorVerdict(VerdictReason.EngineError, `rule ${rule} could not be evaluated`);
}

export function verdictOfProblem(problem: EntityProblem): Verdict {
  switch (problem.kind) {
    case "oversize":
      return unscannableVerdict(VerdictReason.Size, problem.reason);
    case "unscannable":
      return unscannableVerdict(VerdictReason.Malformed, problem.reason);
    case "error": {
      const timeout = problem.reason === "aborted";
      const reason = timeout ? VerdictReason.Timeout : VerdictReason.EngineError;
      return errorVerdict(reason, problem.reason);
    }
    default:
      return problem.kind satisfies never;
  }
}

/** All that a verdict stands for, its own kind first; a body too large to be decoded is `oversize`. */
export function findingsOf(
  verdict: Verdict,
  problems: readonly EntityProblem[],
): [Finding, ...Finding[]] {
  const { reason, also = [] } = verdict;
  const others = also.map((kind) => findingOf({ kind }));
  const tooLarge = problems.some((problem) => problem.kind === "oversize");
  const finding = findingOf({ kind: verdict.kind, reason });
  if (tooLarge && finding === Finding.Unscannable) return [Finding.Oversize, ...others];
  return [finding, ...others, ...(tooLarge ? [Finding.Oversize] : [])];
}

/** No scanner had to be asked: rules spared them, or an operator did. */
export function spared(override: Override | undefined): Findings {
  const finding = override === undefined ? Finding.SkippedByRule : Finding.AllowedByOverride;
  return { finding, override };
}

export function findingsOfOverride(override: Override): Findings {
  if (override.action === "allow") return spared(override);
  const { reason: message } = override;
  return { finding: Finding.BlockedByOverride, reason: VerdictReason.Policy, message, override };
}

/** What is said of an entity that is not scanned. */
export interface WithoutScan {
  readonly outcome: "passes" | "blocks" | "fails";
  readonly findings: Findings;
}

export function withoutScan(findings: Findings | undefined): WithoutScan | undefined {
  if (findings === undefined) return undefined;
  switch (findings.finding) {
    case Finding.SkippedByRule:
    case Finding.AllowedByOverride:
      return { outcome: "passes", findings };
    case Finding.BlockedByRule:
    case Finding.BlockedByOverride:
      return { outcome: "blocks", findings };
    default:
      return { outcome: "fails", findings };
  }
}
