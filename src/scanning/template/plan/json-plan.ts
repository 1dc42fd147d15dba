import {
  lookUp,
  type Roots,
  renderText,
  type TextTemplate,
  wholeReference,
} from "../language/text-template.ts";
import type { PlannedJson } from "./plan.ts";

const MAX_DEPTH = 32;

/** How the texts of a document are parsed; undefined when one is wrong, which is reported elsewhere. */
export type ParseText = (
  source: string,
  path: readonly (string | number)[],
) => TextTemplate | undefined;

/** Takes a JSON document apart. Throws for one that is too deep. */
export function planJson(
  value: unknown,
  parse: ParseText,
  path: readonly (string | number)[] = [],
): PlannedJson {
  if (path.length > MAX_DEPTH) throw new RangeError(`is nested deeper than ${MAX_DEPTH} levels`);
  if (typeof value === "string") return planText(parse(value, path));
  if (Array.isArray(value)) {
    const items = value.map((item, index) => planJson(item, parse, [...path, index]));
    return { kind: "list", items };
  }
  if (value === null || typeof value !== "object") return { kind: "constant", value };
  const members = Object.entries(value).map(
    ([name, member]) => [name, planJson(member, parse, [...path, name])] as const,
  );
  return { kind: "map", members };
}

function planText(text: TextTemplate | undefined): PlannedJson {
  if (text === undefined) return { kind: "constant", value: null };
  const reference = wholeReference(text);
  if (reference === undefined) return { kind: "text", text };
  const isContent = reference.root === "req" && reference.steps[0] === "base64";
  return isContent ? { kind: "content" } : { kind: "value", reference };
}

/** How often the entity's bytes are in a document. */
export function contentsIn(plan: PlannedJson): number {
  switch (plan.kind) {
    case "content":
      return 1;
    case "list":
      return plan.items.reduce((sum, item) => sum + contentsIn(item), 0);
    case "map":
      return plan.members.reduce((sum, [, member]) => sum + contentsIn(member), 0);
    default:
      return 0;
  }
}

/** The document with its texts filled in; `content` stands where the bytes go. */
export function fillJson(plan: PlannedJson, roots: Roots, content: string): unknown {
  switch (plan.kind) {
    case "constant":
      return plan.value;
    case "content":
      return content;
    case "text":
      return renderText(plan.text, roots, (value) => value);
    case "value":
      return lookUp(plan.reference, roots);
    case "list":
      return plan.items.map((item) => fillJson(item, roots, content));
    case "map":
      return Object.fromEntries(
        plan.members.map(([name, member]) => [name, fillJson(member, roots, content)]),
      );
    default:
      return plan satisfies never;
  }
}
