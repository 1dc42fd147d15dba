import { type Condition, compileCondition } from "./condition.ts";
import type { RuleFacts } from "./facts.ts";
import { Activation } from "./views.ts";

/** What a rule does when its condition holds. */
export const RuleAction = {
  /** Pass unscanned. */
  Skip: "Skip",
  /** Go on to the scanners. */
  Scan: "Scan",
  /** Answer with the block page. */
  Block: "Block",
  /** Note the match and try the next rule. */
  Monitor: "Monitor",
} as const;
export type RuleAction = (typeof RuleAction)[keyof typeof RuleAction];

export interface Rule {
  readonly name: string;
  /** CEL condition. */
  readonly when: string;
  readonly action: RuleAction;
  readonly message?: string | undefined;
}

/** What the rules of a service say about one message. */
export interface RuleDecision {
  /** `Error`: the deciding rule could not be evaluated; the service's `error` outcome applies. */
  readonly action: "Skip" | "Scan" | "Block" | "Error";
  /** Name of the rule that decided; undefined when none matched. */
  readonly rule: string | undefined;
  /** The rule's message for the block page. */
  readonly message: string | undefined;
  /** Names of the Monitor rules that matched before. */
  readonly monitored: readonly string[];
  /** Rules that could not be evaluated, in order; the last one decided if the action is `Error`. */
  readonly failures: readonly RuleFailure[];
}

export interface RuleFailure {
  readonly rule: string;
  /** For the log; may quote field names, never values from the message. */
  readonly message: string;
}

export interface RuleSet {
  readonly size: number;
  /**
   * Variables and fields that the rules read, such as `entity.type`: a set without `entity` fields
   * can be asked before the first body byte.
   */
  readonly uses: ReadonlySet<string>;
  /** The first rule that matches decides; without a match the action is `Scan`. Never throws. */
  decide(facts: RuleFacts): RuleDecision;
}

interface CompiledRule {
  readonly rule: Rule;
  /** A text where the condition does not compile: such a rule fails whenever it is asked. */
  readonly condition: Condition | string;
}

const NOTHING: readonly never[] = Object.freeze([]);
const NO_MATCH: RuleDecision = Object.freeze({
  action: "Scan",
  rule: undefined,
  message: undefined,
  monitored: NOTHING,
  failures: NOTHING,
});

/**
 * Compiles rules for evaluation. A rule that does not compile is kept as one that always fails:
 * a table from another version must not lose a rule and let messages pass.
 */
export function compileRules(rules: readonly Rule[]): RuleSet {
  const compiled = rules.map((rule) => ({ rule, condition: compileCondition(rule.when) }));
  const uses = new Set<string>();
  for (const { condition } of compiled) {
    if (typeof condition !== "string") {
      for (const name of condition.uses) {
        uses.add(name);
      }
    }
  }
  return {
    size: rules.length,
    uses,
    decide: (facts) => (compiled.length === 0 ? NO_MATCH : decide(compiled, facts)),
  };
}

function decide(compiled: readonly CompiledRule[], facts: RuleFacts): RuleDecision {
  const activation = new Activation(facts);
  const notes = new Notes();
  for (const { rule, condition } of compiled) {
    const result = evaluate(condition, activation);
    if (result !== false) {
      notes.take(rule, result);
      if (rule.action !== RuleAction.Monitor) {
        return notes.decision(rule, result === true ? rule.action : "Error");
      }
    }
  }
  return notes.decision(undefined, "Scan");
}

/** What happened on the way to a decision; most messages leave it empty. */
class Notes {
  #monitored: string[] | undefined;
  #failures: RuleFailure[] | undefined;

  take({ name, action }: Rule, result: true | string): void {
    if (typeof result === "string") {
      this.#failures ??= [];
      this.#failures.push({ rule: name, message: result });
    } else if (action === RuleAction.Monitor) {
      this.#monitored ??= [];
      this.#monitored.push(name);
    }
  }

  decision(rule: Rule | undefined, action: RuleDecision["action"]): RuleDecision {
    const monitored = this.#monitored ?? NOTHING;
    const failures = this.#failures ?? NOTHING;
    if (rule === undefined && monitored === NOTHING && failures === NOTHING) {
      return NO_MATCH;
    }
    const message = action === "Error" ? undefined : rule?.message;
    return { action, rule: rule?.name, message, monitored, failures };
  }
}

/** Whether the condition holds, or why it could not be told. */
function evaluate(condition: Condition | string, activation: Activation): boolean | string {
  if (typeof condition === "string") {
    return condition;
  }
  try {
    return condition.evaluate(activation);
  } catch (error) {
    return error instanceof Error ? (error.message.split("\n", 1)[0] ?? "") : String(error);
  }
}
