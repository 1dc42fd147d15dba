import { type Document, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { SettingsError } from "./settings-error.ts";
import { settingsProblems } from "./settings-problem.ts";
import { settingsText } from "./settings-text.ts";

const MAX_ALIASES = 100;

/** Of `TAB_AS_INDENT`: the messages of the errors show what they stumbled upon. */
const wordsOf = (code: string): string => code.toLowerCase().replaceAll("_", " ");

/**
 * Reads a YAML file of settings. Rejects with a `SettingsError` that names every problem by line,
 * and never shows a value.
 */
export async function readSettingsFile<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
): Promise<z.output<Schema>> {
  const lines = new LineCounter();
  const text = await settingsText(path);
  const document = parseDocument(text, { lineCounter: lines });
  const lineOf = (offset: number | undefined): string =>
    offset === undefined ? path : `${path}:${lines.linePos(offset).line}`;
  if (document.errors.length > 0) {
    throw new SettingsError(
      document.errors.map(({ pos, code }) => `${lineOf(pos[0])}: no YAML: ${wordsOf(code)}`),
    );
  }
  const result = schema.safeParse(readValue(document, path), {
    error: ({ input }) => (input === undefined ? "required" : undefined),
  });
  if (result.success) return result.data;
  throw new SettingsError(
    result.error.issues
      .flatMap(settingsProblems)
      .map(
        ({ path: where, message }) =>
          `${lineOf(offsetOf(document, where))}: ${nameOf(where)}${message}`,
      ),
  );
}

/** `toJS` throws where aliases multiply beyond reason. */
function readValue(document: Document, path: string): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES }) ?? {};
  } catch {
    throw new SettingsError([`${path}: no YAML: too many aliases`]);
  }
}

/** Where the node is, or the nearest around it: what is missing has no place of its own. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number | undefined {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true) as { range?: [number] } | undefined;
    if (node?.range !== undefined) return node.range[0];
  }
  return undefined;
}

function nameOf(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "";
  const steps = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`));
  return `${steps.join("").replace(/^\./, "")}: `;
}
