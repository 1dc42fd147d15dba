import { type ASTNode, Environment } from "@marcbachmann/cel-js";
import { inspect } from "./inspection.ts";
import { FUNCTIONS, NOW, VARIABLES } from "./language.ts";
import type { Activation } from "./views.ts";

/** Longest expression; the schema of a rule has the same bound. */
export const MAX_EXPRESSION_LENGTH = 2048;

const environment = new Environment({
  limits: {
    maxAstNodes: 500,
    maxDepth: 32,
    maxListElements: 256,
    maxMapEntries: 64,
    maxCallArguments: 8,
  },
});
for (const { name, typeName, ctor, description, fields } of VARIABLES) {
  const types = Object.fromEntries(
    Object.entries(fields).map(([field, { type }]) => [field, type]),
  );
  environment.registerType(typeName, { ctor, fields: types });
  environment.registerVariable(name, typeName, { description });
}
environment.registerVariable(NOW.name, NOW.type, { description: NOW.description });
for (const { signature, handler, description } of FUNCTIONS) {
  environment.registerFunction(signature, handler as (...args: unknown[]) => unknown, {
    description,
    async: false,
  });
}

/**
 * Times that the bodies of macros may run in one evaluation. Groups and headers come from clients,
 * so what a nested macro costs is for them to say; beyond this the rule fails.
 */
export const MAX_MACRO_STEPS = 10_000;

/** A condition that parses, type-checks to bool and keeps its limits. */
export interface Expression {
  readonly uses: ReadonlySet<string>;
  /** May throw: what is asked for is not there, or a bound of a function is passed. */
  evaluate(activation: Activation): boolean;
}

/** Compiles a condition; a text says what is wrong with it. Never throws. */
export function compileExpression(source: string): Expression | string {
  if (source.length > MAX_EXPRESSION_LENGTH) {
    return `the expression is longer than ${MAX_EXPRESSION_LENGTH} characters`;
  }
  const parsed = parse(source);
  if (typeof parsed === "string") {
    return parsed;
  }
  const { uses, problem, macroBodies } = inspect(parsed.ast);
  if (problem !== undefined) {
    return problem;
  }
  const { valid, type, error } = parsed.check();
  if (!valid) {
    return describe(error, source);
  }
  if (type !== "bool") {
    return `the expression gives ${type}, and must give bool`;
  }
  const budget = meter(macroBodies);
  return {
    uses,
    evaluate: (activation) => {
      budget.left = MAX_MACRO_STEPS;
      return requireBool(parsed(activation));
    },
  };
}

const EXHAUSTED = new RangeError(`the rule takes more than ${MAX_MACRO_STEPS} steps`);

type Evaluate = (...args: unknown[]) => unknown;

/** Makes each run of a macro's body cost one step of a budget; the engine has no such bound. */
function meter(bodies: readonly ASTNode[]): { left: number } {
  const budget = { left: 0 };
  for (const body of bodies) {
    const node = body as ASTNode & { evaluate: Evaluate };
    let evaluate: Evaluate = node.evaluate;
    const metered: Evaluate = (...args) => {
      budget.left -= 1;
      if (budget.left < 0) {
        throw EXHAUSTED;
      }
      return evaluate.apply(node, args);
    };
    // At its first run the engine replaces a node's `evaluate` with a faster one.
    Object.defineProperty(node, "evaluate", {
      get: () => metered,
      set: (faster: Evaluate) => {
        evaluate = faster;
      },
    });
  }
  return budget;
}

type Parsed = ((activation: Activation) => unknown) & {
  readonly ast: ASTNode;
  check(): { readonly valid: boolean; readonly type?: string; readonly error?: unknown };
};

function parse(source: string): Parsed | string {
  try {
    return environment.parse(source) as unknown as Parsed;
  } catch (error) {
    return describe(error, source);
  }
}

function requireBool(value: unknown): boolean {
  if (typeof value !== "boolean") {
    throw new TypeError(`the expression gave ${typeof value} in place of bool`);
  }
  return value;
}

/** The engine's finding in one line, with the place. */
function describe(error: unknown, source: string): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  const { summary, range } = error as Error & {
    readonly summary?: string;
    readonly range?: { readonly start: number };
  };
  const text = summary ?? error.message.split("\n", 1)[0] ?? "";
  return range === undefined ? text : `${text} (${placeOf(source, range.start)})`;
}

function placeOf(source: string, offset: number): string {
  const before = source.slice(0, offset).split("\n");
  const column = (before.at(-1)?.length ?? 0) + 1;
  return before.length === 1 ? `column ${column}` : `line ${before.length}, column ${column}`;
}
