import { z } from "zod";
import type { FieldPath, Problem } from "../problem.ts";
import { nearest } from "./suggest.ts";

type Issue = z.core.$ZodIssue;

/** Names that people write from other tools or that a YAML 1.1 reader leaves behind, and ours. */
const RENAMED: Readonly<Record<string, string>> = {
  on: 'unknown field, it is called "outcomes"',
  true: 'unknown field, it is called "outcomes" (a YAML 1.1 reader took a bare "on" for true)',
};

/** All problems of one value under a schema, in the order of the document's fields. */
export function problemsOf(error: z.ZodError, schema: z.ZodType): Problem[] {
  const mistyped = new Set<string>();
  return error.issues.flatMap((issue) => {
    const place = JSON.stringify(issue.path);
    // Length and form of a value of the wrong type say nothing.
    if (mistyped.has(place)) {
      return [];
    }
    if (issue.code === "invalid_type") {
      mistyped.add(place);
    }
    return problemsOfIssue(issue, schema);
  });
}

function problemsOfIssue(issue: Issue, schema: z.ZodType): Problem[] {
  const path = issue.path.map((step) => (typeof step === "symbol" ? String(step) : step));
  if (issue.code === "unrecognized_keys") {
    const known = fieldNames(schema, path);
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: unknownField(key, [...path, key], known),
    }));
  }
  return [{ path, message: messageOf(issue) }];
}

function messageOf(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return isMissing(issue) ? "required" : typeMessage(issue);
    case "invalid_value":
      return isMissing(issue)
        ? "required"
        : `must be ${alternatives(issue.values.map((value) => String(value)))}`;
    case "too_small":
      return bound(issue.origin, "at least", issue.minimum);
    case "too_big":
      return bound(issue.origin, "at most", issue.maximum);
    case "invalid_union":
      return unionMessage(issue);
    default:
      return issue.message;
  }
}

// zod leaves `input` out of reports unless asked; its own message tells "received undefined".
function isMissing(issue: Issue): boolean {
  return "input" in issue && issue.input === undefined;
}

function unionMessage(issue: z.core.$ZodIssueInvalidUnion): string {
  if (isMissing(issue)) {
    return "required";
  }
  // The text branch of a quantity explains the form; a branch of another type says nothing useful.
  const branches = issue.errors
    .map((branch) => branch.at(0))
    .filter((first) => first !== undefined);
  const telling = branches.find((first) => first.code !== "invalid_type") ?? branches.at(-1);
  return telling === undefined ? issue.message : messageOf(telling);
}

/** A field's own words where its schema has some, e.g. a duration's, else the type. */
function typeMessage({ message, expected }: z.core.$ZodIssueInvalidType): string {
  return message.startsWith("must be") ? message : `must be ${typeName(expected)}`;
}

function typeName(expected: string): string {
  switch (expected) {
    case "int":
      return "a whole number";
    case "array":
      return "a list";
    case "object":
    case "record":
      return "an object";
    default:
      return `a ${expected}`;
  }
}

function bound(origin: string, relation: string, limit: number | bigint): string {
  switch (origin) {
    case "string":
      return `must have ${relation} ${limit} characters`;
    case "array":
      return `must have ${relation} ${limit} entries`;
    default:
      return `must be ${relation} ${limit}`;
  }
}

function alternatives(values: readonly string[]): string {
  const quoted = values.map((value) => `"${value}"`);
  return quoted.length === 1 ? `${quoted[0]}` : `one of ${quoted.join(", ")}`;
}

function unknownField(key: string, path: FieldPath, known: readonly string[]): string {
  const isSpecField = path.length === 2 && path[0] === "spec";
  if (isSpecField && known.includes("outcomes") && Object.hasOwn(RENAMED, key)) {
    return RENAMED[key] as string;
  }
  const suggestion = nearest(key, known);
  return suggestion === undefined
    ? "unknown field"
    : `unknown field, did you mean "${suggestion}"?`;
}

/** The fields that the schema has at a path; none where the path leaves the schema. */
function fieldNames(schema: z.ZodType, path: FieldPath): string[] {
  let current: z.core.$ZodType | undefined = unwrap(schema);
  for (const step of path) {
    current = current === undefined ? undefined : childOf(current, step);
  }
  return current instanceof z.ZodObject ? Object.keys(current.shape) : [];
}

function childOf(schema: z.core.$ZodType, step: string | number): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodObject) {
    const shape: Record<string, z.core.$ZodType> = schema.shape;
    return Object.hasOwn(shape, step) ? unwrap(shape[step] as z.core.$ZodType) : undefined;
  }
  return schema instanceof z.ZodArray ? unwrap(schema.element) : undefined;
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodOptional ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodNullable
    ? unwrap(schema.unwrap())
    : schema;
}
