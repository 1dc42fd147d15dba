import { type ASTNode, Environment } from "@marcbachmann/cel-js";
import type { FunctionDefinition, VariableDefinition } from "./definitions.ts";
import { Inspector, literalResults, type Vocabulary } from "./inspection.ts";
import { describeError, type Position } from "./syntax-error.ts";
import { readWholeNumbers, WHOLE_NUMBER_FUNCTIONS } from "./whole-number.ts";

/** What a language lets expressions name and cost. */
export interface LanguageOptions {
  /** What an expression belongs to, in messages: `rule`. */
  readonly noun: string;
  readonly variables: readonly VariableDefinition[];
  readonly functions: readonly FunctionDefinition[];
  /** Of CEL's own: whatever is not listed is refused. */
  readonly standard: {
    readonly functions: readonly string[];
    readonly methods: readonly string[];
    readonly macros: readonly string[];
  };
  /** Why a name that people will try is not there. */
  readonly refusals?: Readonly<Record<string, string>>;
  /** Operators beside CEL's own, by signature. */
  readonly operators?: Readonly<Record<string, (left: never, right: never) => unknown>>;
  /** `a.?b.orValue(c)`, and lists and maps of values of several types. */
  readonly optionals?: boolean;
  readonly maxLength: number;
  readonly maxAstNodes: number;
  /**
   * Times that the bodies of macros may run in one evaluation. The values come from outside, so
   * what a nested macro costs is for them to say; beyond this the expression fails.
   */
  readonly maxSteps: number;
  /** Milliseconds that one evaluation may take; looked at between steps of macros. */
  readonly maxMs?: number;
}

/** The variables of one evaluation, by name. */
export type Activation = object;

/** An expression that parses, type-checks and keeps the bounds of its language. */
export interface Expression {
  readonly source: string;
  /** Variables and fields that it reads, such as `entity.type` or `now`. */
  readonly uses: ReadonlySet<string>;
  /** Texts that it may give as they stand. */
  readonly literals: readonly string[];
  /** May throw: what is asked for is not there, or a bound is passed. */
  evaluate(activation: Activation): unknown;
}

/** Nested macros take time to the power of their depth. */
const MAX_MACRO_DEPTH = 2;
const MAX_DEPTH = 32;
/** How often, in steps, the clock is looked at. */
const CLOCK_STEPS = 256;

/** A CEL language of Sluice. Making one is costly; expressions share it. */
export class Language {
  readonly #options: LanguageOptions;
  readonly #environment: Environment;
  readonly #vocabulary: Vocabulary;

  constructor(options: LanguageOptions) {
    this.#options = options;
    this.#environment = environmentOf(options);
    this.#vocabulary = vocabularyOf(options);
  }

  /**
   * Compiles an expression; a text says what is wrong with it. Never throws.
   *
   * @param gives the types of CEL, one of which it must give; empty: any
   */
  compile(source: string, gives: readonly string[]): Expression | string {
    const { maxLength } = this.#options;
    if (source.length > maxLength) {
      return `the expression is longer than ${maxLength} characters`;
    }
    const parsed = this.#parse(source);
    if (typeof parsed === "string") {
      return parsed;
    }
    const inspector = new Inspector(this.#vocabulary);
    inspector.visit(parsed.ast, 0);
    const { uses, problem, macroBodies, calls } = inspector;
    if (problem !== undefined) {
      return problem;
    }
    readWholeNumbers(calls);
    const { valid, type = "", error } = parsed.check();
    if (!valid) {
      return describeError(error, source);
    }
    if (gives.length > 0 && !gives.includes(type)) {
      return `the expression gives ${type}, and must give ${gives[0]}`;
    }
    const budget = new Budget(this.#options);
    budget.meter(macroBodies);
    return {
      source,
      uses,
      literals: literalResults(parsed.ast),
      evaluate: (activation) => {
        budget.refill();
        return parsed(activation);
      },
    };
  }

  /** Why an expression cannot be used; undefined when it can. */
  problem(source: string, gives: readonly string[]): string | undefined {
    const compiled = this.compile(source, gives);
    return typeof compiled === "string" ? compiled : undefined;
  }

  /** An expression that `problem` finds no fault with; throws for any other. */
  require(source: string, gives: readonly string[]): Expression {
    const compiled = this.compile(source, gives);
    if (typeof compiled === "string") throw new RangeError(compiled);
    return compiled;
  }

  #parse(source: string): Parsed | string {
    try {
      return this.#environment.parse(source) as unknown as Parsed;
    } catch (error) {
      return describeError(error, source);
    }
  }
}

type Parsed = ((activation: Activation) => unknown) & {
  readonly ast: ASTNode;
  check(): {
    readonly valid: boolean;
    readonly type?: string;
    readonly error?: Error & Position;
  };
};

function environmentOf(options: LanguageOptions): Environment {
  const optionals = options.optionals ?? false;
  const environment = new Environment({
    enableOptionalTypes: optionals,
    homogeneousAggregateLiterals: !optionals,
    limits: {
      maxAstNodes: options.maxAstNodes,
      maxDepth: MAX_DEPTH,
      maxListElements: 256,
      maxMapEntries: 64,
      maxCallArguments: 8,
    },
  });
  for (const { name, type, record, description } of options.variables) {
    if (record !== undefined) {
      const types = Object.entries(record.fields).map(([field, known]) => [field, known.type]);
      const { typeName, ctor } = record;
      environment.registerType(typeName, { ctor, fields: Object.fromEntries(types) });
    }
    environment.registerVariable(name, record?.typeName ?? type ?? "dyn", { description });
  }
  for (const { signature, handler, description } of options.functions) {
    const untyped = handler as (...args: unknown[]) => unknown;
    environment.registerFunction(signature, untyped, { description, async: false });
  }
  for (const [signature, handler] of Object.entries(WHOLE_NUMBER_FUNCTIONS)) {
    environment.registerFunction(signature, handler as (value: unknown) => unknown);
  }
  for (const [signature, handler] of Object.entries(options.operators ?? {})) {
    environment.registerOperator(signature, handler as (...operands: unknown[]) => unknown);
  }
  return environment;
}

const isMethod = ({ signature }: FunctionDefinition) => /^[\w.]+\.\w+\(/.test(signature);

function vocabularyOf(options: LanguageOptions): Vocabulary {
  const { noun, variables, functions, standard, refusals = {} } = options;
  const own = (wanted: boolean) =>
    functions.filter((one) => isMethod(one) === wanted).map(({ name }) => name);
  return {
    noun,
    maxMacroDepth: MAX_MACRO_DEPTH,
    variables: new Set(variables.map(({ name }) => name)),
    macros: new Set(standard.macros),
    methods: new Set([...standard.methods, ...standard.macros, ...own(true)]),
    functions: new Set([...standard.functions, ...own(false)]),
    literals: new Map(
      functions.filter(({ literals }) => literals !== undefined).map((one) => [one.name, one]),
    ),
    refusals: { ...REFUSALS, ...refusals },
  };
}

/** Why no language has what CEL itself has. */
const REFUSALS: Readonly<Record<string, string>> = {
  matches: "can run for minutes on a crafted text: use re(), which cannot",
};

type Evaluate = (...args: unknown[]) => unknown;

/** What one evaluation may still cost; the engine has no such bound. */
class Budget {
  readonly #exhausted: RangeError;
  readonly #late: RangeError;
  readonly #maxSteps: number;
  readonly #maxMs: number | undefined;
  #left = 0;
  #endsAt = 0;

  constructor({ noun, maxSteps, maxMs }: LanguageOptions) {
    this.#maxSteps = maxSteps;
    this.#maxMs = maxMs;
    this.#exhausted = new RangeError(`the ${noun} takes more than ${maxSteps} steps`);
    this.#late = new RangeError(`the ${noun} takes longer than ${maxMs} ms`);
  }

  refill(): void {
    this.#left = this.#maxSteps;
    if (this.#maxMs !== undefined) this.#endsAt = performance.now() + this.#maxMs;
  }

  /** Makes each run of a macro's body cost one step. */
  meter(bodies: readonly ASTNode[]): void {
    for (const body of bodies) {
      const node = body as ASTNode & { evaluate: Evaluate };
      let evaluate: Evaluate = node.evaluate;
      const metered: Evaluate = (...args) => {
        this.#spend();
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
  }

  #spend(): void {
    this.#left -= 1;
    if (this.#left < 0) throw this.#exhausted;
    if (this.#maxMs === undefined || this.#left % CLOCK_STEPS !== 0) return;
    if (performance.now() > this.#endsAt) throw this.#late;
  }
}
