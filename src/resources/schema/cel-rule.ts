import { Environment } from "@marcbachmann/cel-js";
import type { z } from "zod";

/** One `x-kubernetes-validations` entry: the API server and this process evaluate the same text. */
export interface CelRule {
  readonly rule: string;
  readonly message: string;
  /** The field to blame, relative to the object that carries the rule, e.g. `.quorum.count`. */
  readonly fieldPath?: string;
}

// `unlistedVariablesAreDyn` types `self` as what the value is, as the API server does.
const environment = new Environment({ unlistedVariablesAreDyn: true });

/**
 * Adds rules across fields to an object schema. They reach the CRD as they are and are evaluated
 * here too, so a rule is written once. A rule about `oldSelf` (immutability) concerns the API
 * server only. A rule that fails to evaluate is a broken rule, not a broken object: it throws.
 */
export function withCelRules<T extends z.ZodType>(schema: T, rules: readonly CelRule[]): T {
  const local = rules
    .filter(({ rule }) => !rule.includes("oldSelf"))
    .map((rule) => ({ ...rule, evaluate: environment.parse(rule.rule) }));
  return schema
    .superRefine((value, context) => {
      // Numbers of JSON are doubles to the engine, which compares them with integers by value.
      const activation = { self: value };
      for (const { evaluate, message, fieldPath } of local) {
        if (!holds(() => evaluate(activation), context.issues.length > 0)) {
          context.addIssue({ code: "custom", message, path: fieldPath?.split(".").slice(1) ?? [] });
        }
      }
    })
    .meta({ ...schema.meta(), "x-kubernetes-validations": rules }) as T;
}

/** A duration that is none, for instance, has its issue, and no rule can be asked about it. */
function holds(evaluate: () => unknown, isWrongAlready: boolean): boolean {
  try {
    return evaluate() === true;
  } catch (error) {
    if (isWrongAlready) return true;
    throw error;
  }
}
