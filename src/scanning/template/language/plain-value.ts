import type { Json } from "../template.ts";

const MAX_DEPTH = 64;

/** What an expression gave as JSON, to be kept in `state`. Throws for what JSON has no form for. */
export function plainValue(value: unknown, depth = 0): Json {
  if (depth > MAX_DEPTH) throw new RangeError("a value is nested too deep");
  switch (typeof value) {
    case "string":
    case "boolean":
    case "number":
      return value;
    case "bigint":
      return Number(value);
    default:
      return plainObject(value, depth + 1);
  }
}

function plainObject(value: unknown, depth: number): Json {
  if (value === null) return null;
  if (Array.isArray(value)) return value.map((item) => plainValue(item, depth));
  if (isRecord(value)) {
    const entries = Object.entries(value).map(([key, item]) => [key, plainValue(item, depth)]);
    return Object.fromEntries(entries);
  }
  throw new TypeError("the expression gave what state cannot keep: convert it, or use orValue()");
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
