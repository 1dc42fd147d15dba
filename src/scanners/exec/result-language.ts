import { Language, reFunction } from "../../cel/index.ts";

/** What expressions of `sluice scanner exec` see of a program that has ended. */
export interface ProgramResult {
  /** -1 when a signal ended it. */
  readonly exitCode: number;
  /** `SIGSEGV`; empty when it ended by itself. */
  readonly signal: string;
  readonly stdout: string;
  readonly stderr: string;
}

const language = new Language({
  noun: "expression",
  variables: [
    { name: "exitCode", type: "int", description: "-1 when a signal ended the program." },
    { name: "signal", type: "string", description: "Such as `SIGSEGV`; empty without one." },
    { name: "stdout", type: "string", description: "What it wrote, as UTF-8." },
    { name: "stderr", type: "string", description: "The beginning of it." },
    { name: "lines", type: "list<string>", description: "Of stdout, without empty ones." },
    { name: "json", type: "dyn", description: "stdout read as JSON; null when it is none." },
  ],
  functions: [reFunction('stdout.re("FOUND$")')],
  standard: {
    functions: ["has", "size", "int", "double", "string", "bool"],
    methods: [
      ...["startsWith", "endsWith", "contains", "indexOf", "lastIndexOf", "substring"],
      ...["lowerAscii", "upperAscii", "trim", "split", "join", "size", "orValue"],
    ],
    macros: ["all", "exists", "exists_one", "filter", "map"],
  },
  optionals: true,
  maxLength: 4096,
  maxAstNodes: 1000,
  maxSteps: 20_000,
  maxMs: 1000,
});

const MAX_LINES = 10_000;

/** Names of threats, or maps with the members of one. */
const listTypes = [
  ...["list", "list<string>", "list<dyn>", "dyn"],
  ...["list<map<string, string>>", "list<map<string, dyn>>"],
];

/** `list` is any list of them; CEL's own types otherwise. */
const typesOf = (gives: string): readonly string[] =>
  gives === "list" ? listTypes : [gives, "dyn"];

/** Why an expression cannot be used; undefined when it can. */
export function resultProblem(source: string, gives: string): string | undefined {
  return language.problem(source, typesOf(gives));
}

/** An expression ready to be asked; throws for one that `resultProblem` finds fault with. */
export function resultExpression(
  source: string,
  gives: string,
): (result: ProgramResult) => unknown {
  const expression = language.require(source, typesOf(gives));
  // A field is used by its whole name, such as `json.score`.
  const used = new Set([...expression.uses].map((name) => name.split(".", 1)[0]));
  return (result) =>
    expression.evaluate({
      ...result,
      exitCode: BigInt(result.exitCode),
      lines: used.has("lines") ? linesOf(result.stdout) : [],
      json: used.has("json") ? jsonOf(result.stdout) : null,
    });
}

function linesOf(text: string): string[] {
  return text.split(/\r?\n/, MAX_LINES).filter((line) => line !== "");
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
