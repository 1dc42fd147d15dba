/** A path in a text: `${req.sha256}` is the root `req` and the steps `["sha256"]`. */
export interface PathReference {
  readonly root: string;
  readonly steps: readonly string[];
}

/** A text with `${}` in it, taken apart: literal texts and paths in turn. */
export interface TextTemplate {
  readonly parts: readonly (string | PathReference)[];
  readonly references: readonly PathReference[];
}

/** The values that paths lead into, by root. */
export type Roots = Readonly<Record<string, unknown>>;

const PLACE = /\$\$\{|\$\{([^{}]*)\}/g;
const PATH = /^[a-z][A-Za-z0-9]*(\.[A-Za-z_][A-Za-z0-9_-]*)+$/;

/** Takes a text apart; a text says what is wrong with it. `$${` stands for `${`. */
export function parseText(source: string): TextTemplate | string {
  if (source.replaceAll(PLACE, " ").includes("${")) {
    return '"${" has no end; "$${" stands for the signs themselves';
  }
  const parts: (string | PathReference)[] = [];
  let from = 0;
  for (const match of source.matchAll(PLACE)) {
    parts.push(source.slice(from, match.index));
    from = match.index + match[0].length;
    const path = match[1];
    if (path === undefined) {
      parts.push("${");
    } else if (PATH.test(path)) {
      const [root = "", ...steps] = path.split(".");
      parts.push({ root, steps });
    } else {
      return `"\${${path}}" is not a path such as \${req.sha256}; logic belongs into expressions`;
    }
  }
  parts.push(source.slice(from));
  const kept = parts.filter((part) => part !== "");
  return { parts: kept, references: kept.filter((part) => typeof part !== "string") };
}

/** What a value that goes into a text becomes there. */
export type Encode = (value: string) => string;

/**
 * The text with its paths looked up. Throws, without a value in the reason, where a path leads
 * nowhere or to a list or map.
 */
export function renderText({ parts }: TextTemplate, roots: Roots, encode: Encode): string {
  return parts
    .map((part) => (typeof part === "string" ? part : encode(scalarText(part, roots))))
    .join("");
}

/** The value itself, where the text is one path and nothing else. */
export function wholeReference({ parts }: TextTemplate): PathReference | undefined {
  const [only] = parts;
  return parts.length === 1 && typeof only === "object" ? only : undefined;
}

/** Own members only, so that no text reaches a prototype. */
export function lookUp(reference: PathReference, roots: Roots): unknown {
  let value: unknown = roots[reference.root];
  for (const step of reference.steps) {
    if (value === null || typeof value !== "object" || !Object.hasOwn(value, step)) {
      throw new Error(`\${${nameOf(reference)}} is not there`);
    }
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}

function scalarText(reference: PathReference, roots: Roots): string {
  const value = lookUp(reference, roots);
  switch (typeof value) {
    case "string":
      return value;
    case "number":
    case "boolean":
      return String(value);
    default:
      throw new Error(`\${${nameOf(reference)}} is no text, number or boolean`);
  }
}

export function nameOf({ root, steps }: PathReference): string {
  return [root, ...steps].join(".");
}
