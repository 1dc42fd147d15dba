/** A Content-Type or Content-Disposition value taken apart. */
export interface HeaderValue {
  /** What stands before the first `;`, lower case, trimmed. */
  readonly value: string;
  /** Parameters by lower-case name; of a name that comes twice, the first. */
  readonly parameters: ReadonlyMap<string, string>;
  /** False when something does not follow the grammar; what was understood before it is there. */
  readonly wellFormed: boolean;
}

const NO_PARAMETERS: ReadonlyMap<string, string> = new Map();
const PARAMETER =
  /\s*;\s*(?:([^\s"(),/:;<=>?@[\\\]{}]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s";,]*))\s*)?/suy;

/**
 * Parses `type/subtype; name=value; name="quoted"` (RFC 9110 §5.6.6, §8.3.1). In a quoted value a
 * backslash quotes only `"` and `\`: browsers do not escape it, and Internet Explorer sent whole
 * paths (`C:\dir\file.txt`).
 */
export function parseHeaderValue(text: string): HeaderValue {
  const semicolon = text.indexOf(";");
  if (semicolon < 0) {
    return { value: text.trim().toLowerCase(), parameters: NO_PARAMETERS, wellFormed: true };
  }
  const value = text.slice(0, semicolon).trim().toLowerCase();
  const parameters = new Map<string, string>();
  PARAMETER.lastIndex = semicolon;
  let end = semicolon;
  for (let found = PARAMETER.exec(text); found !== null; found = PARAMETER.exec(text)) {
    end = PARAMETER.lastIndex;
    const [, name, quoted, token] = found;
    const key = name?.toLowerCase();
    if (key === undefined || parameters.has(key)) continue;
    parameters.set(key, quoted === undefined ? (token ?? "") : unquote(quoted));
  }
  return { value, parameters, wellFormed: end === text.length };
}

function unquote(quoted: string): string {
  return quoted.includes("\\") ? quoted.replace(/\\(["\\])/g, "$1") : quoted;
}
