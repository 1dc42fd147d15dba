import type { ASTNode } from "@marcbachmann/cel-js";
import {
  FUNCTIONS,
  type FunctionDefinition,
  STANDARD_FUNCTIONS,
  STANDARD_MACROS,
  STANDARD_METHODS,
  VARIABLES,
} from "./language.ts";

/** Nested macros take time to the power of their depth. */
const MAX_MACRO_DEPTH = 2;

const MACRO_NAMES: ReadonlySet<string> = new Set(STANDARD_MACROS);
const isMethod = ({ signature }: FunctionDefinition) => /^[\w.]+\.\w+\(/.test(signature);
const METHOD_NAMES: ReadonlySet<string> = new Set([
  ...STANDARD_METHODS,
  ...STANDARD_MACROS,
  ...FUNCTIONS.filter(isMethod).map(({ name }) => name),
]);
const FUNCTION_NAMES: ReadonlySet<string> = new Set([
  ...STANDARD_FUNCTIONS,
  ...FUNCTIONS.filter((definition) => !isMethod(definition)).map(({ name }) => name),
]);
/** Names that people will try, and why they are not there. */
const REFUSALS: Readonly<Record<string, string>> = {
  matches: "can run for minutes on a crafted text: use re(), which cannot",
  map: "can grow without bound: use filter(), exists() or all()",
  bind: "can grow without bound",
};

const LITERAL_FUNCTIONS = new Map(
  FUNCTIONS.filter(({ literals }) => literals !== undefined).map((definition) => [
    definition.name,
    definition,
  ]),
);
const VARIABLE_NAMES: ReadonlySet<string> = new Set([...VARIABLES.map(({ name }) => name), "now"]);

export interface Inspection {
  /** Variables and fields that the expression reads, such as `entity.type` or `now`. */
  readonly uses: ReadonlySet<string>;
  /** Why the expression must not be run, beyond what the type check finds. */
  readonly problem: string | undefined;
  /** The bodies of macros: what is evaluated once for each entry of a list. */
  readonly macroBodies: readonly ASTNode[];
}

/** Walks an expression once: what it reads, and what makes it dangerous or wrong. */
export function inspect(root: ASTNode): Inspection {
  const inspector = new Inspector();
  inspector.visit(root, 0);
  return inspector;
}

class Inspector implements Inspection {
  readonly uses = new Set<string>();
  readonly macroBodies: ASTNode[] = [];
  problem: string | undefined;

  visit(node: ASTNode, macroDepth: number): void {
    switch (node.op) {
      case "id":
        this.#use(node.args);
        return;
      case ".":
      case ".?":
        this.#visitField(node.args[0], node.args[1], macroDepth);
        return;
      case "call":
        this.#visitCall(node.args[0], node.args[1], macroDepth);
        return;
      case "rcall":
        this.#visitMethod(node, macroDepth);
        return;
      default:
        this.#visitAll(node.args, macroDepth);
    }
  }

  #use(name: string): void {
    if (VARIABLE_NAMES.has(name)) {
      this.uses.add(name);
    }
  }

  #visitField(owner: ASTNode, field: string, macroDepth: number): void {
    if (owner.op === "id" && VARIABLE_NAMES.has(owner.args)) {
      this.uses.add(`${owner.args}.${field}`);
    } else {
      this.visit(owner, macroDepth);
    }
  }

  #visitMethod(node: ASTNode & { readonly op: "rcall" }, macroDepth: number): void {
    const [name, receiver, args] = node.args;
    this.#requireKnown(name, METHOD_NAMES);
    this.visit(receiver, macroDepth);
    if (!MACRO_NAMES.has(name)) {
      this.#visitArguments(name, args, macroDepth);
      return;
    }
    if (macroDepth === MAX_MACRO_DEPTH) {
      this.#report(`${name}() is nested deeper than ${MAX_MACRO_DEPTH} levels`);
    }
    // The first argument declares the variable.
    this.macroBodies.push(...args.slice(1));
    this.#visitAll(args.slice(1), macroDepth + 1);
  }

  #visitCall(name: string, args: readonly ASTNode[], macroDepth: number): void {
    this.#requireKnown(name, FUNCTION_NAMES);
    this.#visitArguments(name, args, macroDepth);
  }

  #visitArguments(name: string, args: readonly ASTNode[], macroDepth: number): void {
    const definition = LITERAL_FUNCTIONS.get(name);
    if (definition !== undefined) {
      this.#checkLiterals(definition, args);
    }
    this.#visitAll(args, macroDepth);
  }

  #requireKnown(name: string, known: ReadonlySet<string>): void {
    if (!known.has(name)) {
      const reason = Object.hasOwn(REFUSALS, name) ? REFUSALS[name] : "is not known to rules";
      this.#report(`${name}() ${reason}`);
    }
  }

  #visitAll(args: unknown, macroDepth: number): void {
    if (Array.isArray(args)) {
      for (const arg of args) {
        this.#visitAll(arg, macroDepth);
      }
    } else if (isNode(args)) {
      this.visit(args, macroDepth);
    }
  }

  #checkLiterals({ name, literals }: FunctionDefinition, args: readonly ASTNode[]): void {
    if (literals === undefined) {
      return;
    }
    const values = literals.positions.map((position) => literalTexts(args[position]));
    if (values.includes(undefined)) {
      this.#report(`${name}() takes literal texts only, not values from the message`);
      return;
    }
    const [first = [], ...others] = values as string[][];
    try {
      for (const value of first) {
        literals.check(value, ...others.flat());
      }
    } catch (cause) {
      this.#report(`${name}(): ${cause instanceof Error ? cause.message : String(cause)}`);
    }
  }

  #report(problem: string): void {
    this.problem ??= problem;
  }
}

function isNode(value: unknown): value is ASTNode {
  return value !== null && typeof value === "object" && "op" in value && "args" in value;
}

/** The texts of a literal or of a list of literals; undefined for anything else. */
function literalTexts(node: ASTNode | undefined): string[] | undefined {
  if (node?.op === "value") {
    return typeof node.args === "string" ? [node.args] : undefined;
  }
  if (node?.op !== "list") {
    return undefined;
  }
  const texts = node.args.map((item) => (item.op === "value" ? item.args : undefined));
  return texts.every((text) => typeof text === "string") ? texts : undefined;
}
