/**
 * @module services/rules
 *
 * Decisions before scanning (CEL rules) and after it (the outcome policy). Pure: facts in,
 * decisions out. Must not know the wire, scanners, resources or the process; what rules may ask
 * comes through `RuleFacts`. The resources' compiler uses it to check rules.
 */
export type {
  ClientFacts,
  EntityFacts,
  HeaderFacts,
  RequestFacts,
  ResponseFacts,
  RuleFacts,
  ServiceFacts,
} from "./facts.ts";
export {
  FUNCTIONS,
  NOW,
  STANDARD_FUNCTIONS,
  STANDARD_MACROS,
  STANDARD_METHODS,
  VARIABLES,
} from "./language.ts";
export { isNetwork } from "./networks.ts";
export * from "./outcome-policy.ts";
export { passes } from "./passing.ts";
export {
  createRuleChecker,
  type RuleChecker,
  type RuleProblem,
  ruleProblems,
} from "./rule-checker.ts";
export {
  compileRules,
  type Rule,
  type RuleAction,
  type RuleDecision,
  type RuleFailure,
  type RuleSet,
} from "./rule-set.ts";
