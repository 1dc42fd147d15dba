import { compileCondition } from "./condition.ts";
import type { Rule } from "./rule-set.ts";

/** What is wrong with a condition; undefined when nothing is. */
export type RuleChecker = (when: string) => string | undefined;

export interface RuleProblem {
  /** Of the rule in its list. */
  readonly index: number;
  readonly message: string;
}

/** A checker that looks at each text once: services share conditions. */
export function createRuleChecker(): RuleChecker {
  const known = new Map<string, string | null>();
  return (when) => {
    let problem = known.get(when);
    if (problem === undefined) {
      const compiled = compileCondition(when);
      problem = typeof compiled === "string" ? compiled : null;
      known.set(when, problem);
    }
    return problem ?? undefined;
  };
}

/** The problems of a list of rules, in their order. */
export function ruleProblems(
  rules: readonly Pick<Rule, "when">[],
  check: RuleChecker = createRuleChecker(),
): RuleProblem[] {
  return rules.flatMap(({ when }, index) => {
    const message = check(when);
    return message === undefined ? [] : [{ index, message }];
  });
}
