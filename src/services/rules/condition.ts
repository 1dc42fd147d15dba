import { Language } from "../../cel/index.ts";
import {
  FUNCTIONS,
  NOW,
  STANDARD_FUNCTIONS,
  STANDARD_MACROS,
  STANDARD_METHODS,
  VARIABLES,
} from "./language.ts";
import type { Activation } from "./views.ts";

const language = new Language({
  noun: "rule",
  variables: [
    ...VARIABLES.map(({ name, description, ...record }) => ({ name, description, record })),
    NOW,
  ],
  functions: FUNCTIONS,
  standard: {
    functions: STANDARD_FUNCTIONS,
    methods: STANDARD_METHODS,
    macros: STANDARD_MACROS,
  },
  refusals: {
    map: "can grow without bound: use filter(), exists() or all()",
    bind: "can grow without bound",
  },
  maxLength: 2048, // the schema of a rule has the same bound
  maxAstNodes: 500,
  maxSteps: 10_000,
});

/** A condition that parses, type-checks to bool and keeps its limits. */
export interface Condition {
  readonly uses: ReadonlySet<string>;
  /** May throw: what is asked for is not there, or a bound of a function is passed. */
  evaluate(activation: Activation): boolean;
}

/** Compiles a condition; a text says what is wrong with it. Never throws. */
export function compileCondition(source: string): Condition | string {
  const expression = language.compile(source, ["bool"]);
  return typeof expression === "string"
    ? expression
    : {
        uses: expression.uses,
        evaluate: (activation) => requireBool(expression.evaluate(activation)),
      };
}

function requireBool(value: unknown): boolean {
  if (typeof value !== "boolean") {
    throw new TypeError(`the expression gave ${typeof value} in place of bool`);
  }
  return value;
}
