import {
  type Document,
  isAlias,
  isMap,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
} from "yaml";
import type { FieldPath } from "../problem.ts";

/** A text with resources; JSON is YAML too. */
export interface SourceFile {
  /** As the reader of a problem knows it, e.g. a path relative to where the command runs. */
  readonly name: string;
  readonly text: string;
}

/** One value read from a file, which remembers where its parts stood. */
export interface SourcedValue {
  readonly file: string;
  readonly value: unknown;
  /** Line of a field, or of the deepest part of its path that is there. */
  readonly lineOf: (path: FieldPath) => number;
}

export interface SyntaxProblem {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

const MAX_FILE_LENGTH = 16 * 1024 * 1024;
/** Anchors may be repeated, not multiplied. */
const MAX_ALIASES = 100;

/** The documents of a file and what keeps others from being read. Never throws. */
export function readDocuments({ name, text }: SourceFile): {
  readonly values: readonly SourcedValue[];
  readonly problems: readonly SyntaxProblem[];
} {
  if (text.length > MAX_FILE_LENGTH) {
    const message = `the file is longer than ${MAX_FILE_LENGTH} characters`;
    return { values: [], problems: [{ file: name, line: 1, message }] };
  }
  const lineCounter = new LineCounter();
  // Version 1.2: `on`, `yes` and `no` are texts. Merge keys stay what they look like: unknown fields.
  const parsed = parseAllDocuments(text, { lineCounter, version: "1.2", prettyErrors: false });
  const documents: readonly Document.Parsed[] = Array.isArray(parsed) ? parsed : [];
  const values: SourcedValue[] = [];
  const problems: SyntaxProblem[] = [];
  for (const document of documents) {
    const read = readDocument(document, name, lineCounter);
    if ("problems" in read) {
      problems.push(...read.problems);
    } else if (read.value !== null) {
      values.push(read);
    }
  }
  return { values, problems };
}

function readDocument(
  document: Document.Parsed,
  file: string,
  lines: LineCounter,
): SourcedValue | { readonly problems: SyntaxProblem[] } {
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    return {
      problems: faults.map(({ pos, message }) => ({
        file,
        line: lines.linePos(pos[0]).line,
        message: message.split("\n", 1)[0] ?? "",
      })),
    };
  }
  const start = lines.linePos(document.contents?.range[0] ?? document.range[0]).line;
  try {
    return {
      file,
      value: document.toJS({ maxAliasCount: MAX_ALIASES }),
      lineOf: (path) => lineOf(document, path, lines) ?? start,
    };
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    return { problems: [{ file, line: start, message }] };
  }
}

function lineOf(
  document: Document.Parsed,
  path: FieldPath,
  lines: LineCounter,
): number | undefined {
  let node: unknown = document.contents;
  let offset: number | undefined;
  for (const step of path) {
    const found = childOf(isAlias(node) ? node.resolve(document) : node, step);
    if (found === undefined) {
      break;
    }
    node = found.value;
    offset = found.offset ?? offset;
  }
  return offset === undefined ? undefined : lines.linePos(offset).line;
}

function childOf(
  node: unknown,
  step: string | number,
): { readonly value: unknown; readonly offset: number | undefined } | undefined {
  if (isMap(node)) {
    const pair = node.items.find(({ key }) => keyText(key) === String(step));
    return pair && { value: pair.value, offset: offsetOf(pair.key) };
  }
  if (isSeq(node) && typeof step === "number" && step < node.items.length) {
    const value = node.items[step];
    return { value, offset: offsetOf(value) };
  }
  return undefined;
}

function keyText(key: unknown): string | undefined {
  const value = key !== null && typeof key === "object" && "value" in key ? key.value : key;
  return value === undefined ? undefined : String(value);
}

function offsetOf(node: unknown): number | undefined {
  return (node as Node | null)?.range?.[0];
}
