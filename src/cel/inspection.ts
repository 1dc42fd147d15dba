import type { ASTNode } from "@marcbachmann/cel-js";
import type { FunctionDefinition } from "./definitions.ts";

/** The names that a language knows. */
export interface Vocabulary {
  readonly noun: string;
  readonly maxMacroDepth: number;
  readonly variables: ReadonlySet<string>;
  readonly functions: ReadonlySet<string>;
  /** Of values, the macros among them. */
  readonly methods: ReadonlySet<string>;
  /** Those that evaluate their last arguments once for each entry of a list. */
  readonly macros: ReadonlySet<string>;
  /** Functions that take literals only. */
  readonly literals: ReadonlyMap<string, FunctionDefinition>;
  /** Names that people will try, and why they are not there. */
  readonly refusals: Readonly<Record<string, string>>;
}

export type CallNode = ASTNode & { readonly op: "call" };

/** Walks an expression once: what it reads, and what makes it dangerous or wrong. */
export class Inspector {
  /** Variables and fields that the expression reads, such as `entity.type` or `now`. */
  readonly uses = new Set<string>();
  /** The bodies of macros: what is evaluated once for each entry of a list. */
  readonly macroBodies: ASTNode[] = [];
  /** Calls of functions, each by its name. */
  readonly calls: CallNode[] = [];
  /** Why the expression must not be run, beyond what the type check finds. */
  problem: string | undefined;
  readonly #vocabulary: Vocabulary;

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
  }

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
        this.calls.push(node);
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
    if (this.#vocabulary.variables.has(name)) {
      this.uses.add(name);
    }
  }

  #visitField(owner: ASTNode, field: string, macroDepth: number): void {
    if (owner.op === "id" && this.#vocabulary.variables.has(owner.args)) {
      this.uses.add(`${owner.args}.${field}`);
    } else {
      this.visit(owner, macroDepth);
    }
  }

  #visitMethod(node: ASTNode & { readonly op: "rcall" }, macroDepth: number): void {
    const [name, receiver, args] = node.args;
    this.#requireKnown(name, this.#vocabulary.methods);
    this.visit(receiver, macroDepth);
    if (!this.#vocabulary.macros.has(name)) {
      this.#visitArguments(name, args, macroDepth);
      return;
    }
    const { maxMacroDepth } = this.#vocabulary;
    if (macroDepth === maxMacroDepth) {
      this.#report(`${name}() is nested deeper than ${maxMacroDepth} levels`);
    }
    // The first argument declares the variable.
    this.macroBodies.push(...args.slice(1));
    this.#visitAll(args.slice(1), macroDepth + 1);
  }

  #visitCall(name: string, args: readonly ASTNode[], macroDepth: number): void {
    this.#requireKnown(name, this.#vocabulary.functions);
    this.#visitArguments(name, args, macroDepth);
  }

  #visitArguments(name: string, args: readonly ASTNode[], macroDepth: number): void {
    const definition = this.#vocabulary.literals.get(name);
    if (definition !== undefined) {
      this.#checkLiterals(definition, args);
    }
    this.#visitAll(args, macroDepth);
  }

  #requireKnown(name: string, known: ReadonlySet<string>): void {
    if (!known.has(name)) {
      const { refusals, noun } = this.#vocabulary;
      const reason = Object.hasOwn(refusals, name) ? refusals[name] : `is not known to ${noun}s`;
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

/** Texts that an expression may give as they stand: itself, or branches of a condition. */
export function literalResults(node: ASTNode): string[] {
  if (node.op === "?:") {
    const [, whenTrue, whenFalse] = node.args;
    return [...literalResults(whenTrue), ...literalResults(whenFalse)];
  }
  return node.op === "value" && typeof node.args === "string" ? [node.args] : [];
}
