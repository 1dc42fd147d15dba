import { Language, reFunction } from "../../cel/index.ts";
import type { Row } from "./sql-driver.ts";

const language = new Language({
  noun: "expression",
  variables: [
    { name: "rows", type: "list<dyn>", description: "The rows, each a map by column." },
    { name: "rowCount", type: "int", description: "How many there are." },
  ],
  functions: [reFunction('rows[0].name.re("^Win\\\\.")')],
  standard: {
    functions: ["has", "size", "int", "double", "string", "bool"],
    methods: [
      ...["startsWith", "endsWith", "contains", "lowerAscii", "upperAscii", "trim", "split"],
      ...["size", "orValue"],
    ],
    macros: ["all", "exists", "exists_one", "filter", "map"],
  },
  optionals: true,
  maxLength: 4096,
  maxAstNodes: 1000,
  maxSteps: 50_000,
  maxMs: 250,
});

const TYPES = ["string", "dyn"];

/** Why an expression cannot be used; undefined when it can. */
export function rowsProblem(source: string): string | undefined {
  return language.problem(source, TYPES);
}

/** An expression ready to be asked; throws for one that `rowsProblem` finds fault with. */
export function rowsExpression(source: string): (rows: readonly Row[]) => unknown {
  const expression = language.require(source, TYPES);
  return (rows) => expression.evaluate({ rows: rows.map(celRow), rowCount: BigInt(rows.length) });
}

/** Whole numbers are CEL's `int`; what CEL has no type for is text. */
function celRow(row: Row): Map<string, unknown> {
  return new Map(Object.entries(row).map(([column, value]) => [column, celValue(value)]));
}

function celValue(value: unknown): unknown {
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (value === null || ["string", "boolean", "bigint"].includes(typeof value)) return value;
  return value instanceof Date ? value.toISOString() : String(value);
}
