/** A Content-Type or Content-Disposition value taken apart. */
export interface HeaderValue {
  /** What stands before the first `;`, lower case, trimmed. */
  readonly value: string;
  /** Parameters by lower-case name; of a name that comes twice, the first. */
  readonly parameters: ReadonlyMap<string, string>;
  /** True when a parameter comes twice: readers differ in which one they take. */
  readonly ambiguous: boolean;
}

const NO_PARAMETERS: ReadonlyMap<string, string> = new Map();
const PARAMETER = /;\s*([^\s=;"]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))/gs;

/**
 * Parses `type/subtype; name=value; name="quoted"` (RFC 9110 §5.6.6, §8.3.1), forgiving what does
 * not change the meaning: an unquoted value may hold anything up to the next `;`. In a quoted value
 * a backslash quotes only `"` and `\`: browsers do not escape it, and Internet Explorer sent whole
 * paths (`C:\dir\file.txt`).
 */
export function parseHeaderValue(text: string): HeaderValue {
  const semicolon = text.indexOf(";");
  if (semicolon < 0) {
    return { value: text.trim().toLowerCase(), parameters: NO_PARAMETERS, ambiguous: false };
  }
  const parameters = new Map<string, string>();
  let ambiguous = false;
  for (const [, name, quoted, unquoted] of text.slice(semicolon).matchAll(PARAMETER)) {
    const key = (name as string).toLowerCase();
    if (parameters.has(key)) ambiguous = true;
    else parameters.set(key, quoted === undefined ? (unquoted as string).trim() : unquote(quoted));
  }
  return { value: text.slice(0, semicolon).trim().toLowerCase(), parameters, ambiguous };
}

function unquote(quoted: string): string {
  return quoted.includes("\\") ? quoted.replace(/\\(["\\])/g, "$1") : quoted;
}
