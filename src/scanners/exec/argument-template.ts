/** What an argument may be made of, and where the value comes from. */
const placeholders = {
  /** Paths and digits of our own making. */
  own: ["file", "output", "directory", "sha256"],
  /** Whatever a client or an origin wrote. */
  foreign: ["filename", "type", "url", "policy"],
} as const;
type Placeholder = (typeof placeholders.own)[number] | (typeof placeholders.foreign)[number];

export type PlaceholderValues = Readonly<Partial<Record<Placeholder, string>>>;

const PLACEHOLDER = /\{(\w+)\}/g;
const MAX_VALUE_CHARS = 1024;
const MAX_FILE_NAME_CHARS = 200;

/** The placeholders that an argument names, known or not. */
export function placeholdersIn(template: string): string[] {
  return [...template.matchAll(PLACEHOLDER)].map(([, name = ""]) => name);
}

/**
 * What is wrong with an argument; undefined when nothing is. A value from outside must not stand at
 * its start, where a program would take `-rf` for an option.
 */
export function templateProblem(template: string): string | undefined {
  const [own, foreign]: readonly (readonly string[])[] = [placeholders.own, placeholders.foreign];
  const unknown = placeholdersIn(template).find(
    (name) => !own?.includes(name) && !foreign?.includes(name),
  );
  const known = [...(own ?? []), ...(foreign ?? [])].map((name) => `{${name}}`).join(", ");
  if (unknown !== undefined) return `{${unknown}} is none of ${known}`;
  const first = /^\{(\w+)\}/.exec(template)?.[1];
  return first !== undefined && foreign?.includes(first)
    ? `{${first}} comes from outside and could be taken for an option: put text before it, such as --name={${first}}`
    : undefined;
}

/** An argument with its placeholders filled in; what is not known is empty. */
export function filledIn(template: string, values: PlaceholderValues): string {
  return template.replace(PLACEHOLDER, (_, name: Placeholder) => values[name] ?? "");
}

/** The last segment of a name from outside, in one line; `..` is none, but a way out of a directory. */
export function safeFileName(name: string): string {
  const base = name.slice(Math.max(name.lastIndexOf("/"), name.lastIndexOf("\\")) + 1);
  return oneLine(base)
    .replace(/^\.{1,2}$/, (dots) => "_".repeat(dots.length))
    .slice(0, MAX_FILE_NAME_CHARS);
}

/** Text from outside without what ends lines or strings. */
export function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, "_")
    .slice(0, MAX_VALUE_CHARS);
}
