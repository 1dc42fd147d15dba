import { createHash } from "node:crypto";
import Mustache from "mustache";
import { defaultTemplate } from "./default-template.ts";

/** A template that was checked and may be rendered. */
export interface HtmlTemplate {
  /**
   * Fills in what many pages share; the function it gives fills in the rest. Every value is escaped.
   */
  prepare(shared: object): (own: object) => string;
  /** Value of `Content-Security-Policy`: allows exactly the style sheets in the template. */
  readonly contentSecurityPolicy: string;
}

export type TemplateResult =
  | { readonly ok: true; readonly template: HtmlTemplate }
  | { readonly ok: false; readonly problems: readonly string[] };

const labelNames = [
  "blocked",
  "advice",
  "details",
  "incident",
  "file",
  "address",
  "threats",
  "inside",
  "time",
  "service",
  "note",
  "contact",
  "contactUnknown",
].map((name) => `labels.${name}`);

/** Every name a template may use; docs/block-page.md explains them. */
export const templateNames: readonly string[] = [
  "language",
  "direction",
  "tone",
  "reason",
  "title",
  "stopped",
  "explanation",
  "advice",
  "incident",
  "service",
  "time",
  "timeIso",
  "file",
  "address",
  "note",
  "found",
  "threats",
  "contact",
  ...labelNames,
];

// Names that exist only inside the section of the list or object they belong to.
const innerNames: Readonly<Record<string, readonly string[]>> = {
  threats: ["name", "path", "engine"],
  contact: ["label", "href", "target"],
};

// What the Content-Security-Policy would block anyway, said when the template is loaded rather
// than found out when the page is first needed.
const forbiddenMarkup: readonly (readonly [RegExp, string])[] = [
  [/<script[\s>]/i, "a script element: the page must work without scripts"],
  [/<link[^>]+stylesheet/i, "a linked style sheet: put the styles into a style element"],
  [/\sstyle\s*=\s*["']/i, "a style attribute: put the styles into a style element"],
  [
    /\ssrc\s*=\s*["']?\s*(?!data:|["'\s])/i,
    "a src that is no data: URL: nothing is loaded from elsewhere",
  ],
];

const styleElement = /<style[^>]*>([\s\S]*?)<\/style>/gi;

/**
 * Reads a Mustache template (https://mustache.github.io/mustache.5.html): variables, sections and
 * comments; no partials and no unescaped values. All problems are told at once.
 */
export function parseTemplate(source: string): TemplateResult {
  const parsed = parseMustache(source);
  if ("problem" in parsed) return { ok: false, problems: [parsed.problem] };
  const problems = [
    ...nameProblems(parsed.tokens, new Set(templateNames), source),
    ...markupProblems(source),
  ];
  if (problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    template: {
      prepare: (shared) => prepared(parsed.tokens, shared),
      contentSecurityPolicy: policyFor(source),
    },
  };
}

function prepared(tokens: readonly Token[], shared: object): (own: object) => string {
  const writer = new Mustache.Writer();
  const context = new Mustache.Context(shared);
  const rest = settled(tokens, context) as unknown as string[][];
  return (own) => writer.renderTokens(rest, context.push(own));
}

/** The tokens with the names that the context knows replaced by their text. */
function settled(
  tokens: readonly Token[],
  context: InstanceType<typeof Mustache.Context>,
): Token[] {
  return tokens.map((token) => {
    const children = childrenOf(token);
    if (children.length > 0) return withChildren(token, settled(children, context));
    const [kind, name, start, end] = token;
    const value: unknown = kind === "name" ? context.lookup(name) : undefined;
    return typeof value === "string" ? ["text", Mustache.escape(value), start, end] : token;
  });
}

// The types of the package know flat tokens only. The fifth element of a section holds its content,
// that of a partial its indentation.
type Token = [
  kind: string,
  value: string,
  start: number,
  end: number,
  children?: Token[] | string,
  ...rest: number[],
];

function childrenOf(token: Token): Token[] {
  return typeof token[4] === "object" ? token[4] : [];
}

function withChildren(token: Token, children: Token[]): Token {
  const copy: Token = [...token];
  copy[4] = children;
  return copy;
}

type Parsed = { readonly tokens: Token[] } | { readonly problem: string };

function parseMustache(source: string): Parsed {
  try {
    return { tokens: new Mustache.Writer().parse(source) as Token[] };
  } catch (error) {
    // "Unclosed section "file" at 120": the offset means little to the author of a template.
    const message = error instanceof Error ? error.message : String(error);
    const offset = Number(/ at (\d+)$/.exec(message)?.[1] ?? 0);
    return { problem: `line ${lineAt(source, offset)}: ${message.replace(/ at \d+$/, "")}` };
  }
}

function nameProblems(
  tokens: readonly Token[],
  known: ReadonlySet<string>,
  source: string,
): string[] {
  return tokens.flatMap((token) => {
    const [kind, name, start] = token;
    const problem = tokenProblem(kind, name, known);
    const own = problem === undefined ? [] : [`line ${lineAt(source, start)}: ${problem}`];
    const inner = kind === "#" ? new Set([...known, ...(innerNames[name] ?? [])]) : known;
    return [...own, ...nameProblems(childrenOf(token), inner, source)];
  });
}

function tokenProblem(kind: string, name: string, known: ReadonlySet<string>): string | undefined {
  switch (kind) {
    case "name":
    case "#":
    case "^":
      return known.has(name) ? undefined : `unknown name {{${name}}}`;
    case "&":
      return `{{{${name}}}} would not be escaped: use {{${name}}}`;
    case ">":
      return `partial {{> ${name}}}: a template is one file`;
    default:
      return undefined;
  }
}

function markupProblems(source: string): string[] {
  const forbidden = forbiddenMarkup.flatMap(([pattern, what]) => {
    const found = pattern.exec(source);
    return found === null ? [] : [`line ${lineAt(source, found.index)}: ${what}`];
  });
  const styles = [...source.matchAll(styleElement)].flatMap((match) =>
    match[1]?.includes("{{") === true
      ? [
          `line ${lineAt(source, match.index)}: a name inside a style element: it would change the hash in the Content-Security-Policy`,
        ]
      : [],
  );
  return [...forbidden, ...styles];
}

function policyFor(source: string): string {
  const hashes = [...source.matchAll(styleElement)].map(
    (match) =>
      `'sha256-${createHash("sha256")
        .update(match[1] ?? "")
        .digest("base64")}'`,
  );
  const styles = hashes.length === 0 ? "" : `; style-src ${hashes.join(" ")}`;
  return `default-src 'none'${styles}; img-src data:; base-uri 'none'; form-action 'none'`;
}

function lineAt(source: string, offset: number): number {
  return source.slice(0, offset).split("\n").length;
}

/** The default template, parsed. */
export function builtInTemplate(): HtmlTemplate {
  const result = parseTemplate(defaultTemplate);
  if (!result.ok) throw new TypeError(`default template: ${result.problems.join("; ")}`);
  return result.template;
}
