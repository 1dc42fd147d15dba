import { SettingsError } from "../settings/settings-error.ts";
import { type ArrayBinding, type Binding, bindingNames, isArrayBinding } from "./bindings.ts";

/** How a database writes what it is asked. */
export interface Dialect {
  readonly name: "postgres" | "mysql" | "sqlite";
  /** The place of the n-th value, counted from 1. */
  readonly placeholder: (position: number) => string;
  /** A backslash in a string takes the next character with it. */
  readonly escapesByBackslash: boolean;
  /** A list can be one value, for `= ANY(:domains)`. */
  readonly hasArrays: boolean;
}

export const dialects = {
  postgres: {
    name: "postgres",
    placeholder: (position) => `$${position}`,
    escapesByBackslash: false,
    hasArrays: true,
  },
  mysql: {
    name: "mysql",
    placeholder: () => "?",
    escapesByBackslash: true,
    hasArrays: false,
  },
  sqlite: {
    name: "sqlite",
    placeholder: () => "?",
    escapesByBackslash: false,
    hasArrays: false,
  },
} as const satisfies Readonly<Record<string, Dialect>>;

/** What stands at one placeholder. */
export interface Slot {
  readonly binding: Binding;
  /** Undefined: the whole value; else one of a list, and nothing beyond its end. */
  readonly index?: number;
}

/** A statement in the words of its database. */
export interface CompiledStatement {
  readonly text: string;
  readonly slots: readonly Slot[];
  readonly uses: ReadonlySet<Binding>;
}

/** As many of a list as `IN (:domains)` has places for; what is more is an error, never cut off. */
export const listPlaces: Readonly<Record<ArrayBinding, number>> = { domains: 16, groups: 64 };

/**
 * Compiles a `SELECT` with named bindings, and bounds its rows. Throws a `SettingsError` for what is
 * no single query, or names a binding that there is none of. A value never becomes part of the
 * text: each has a placeholder, which the driver sends apart.
 */
export function compileStatement(
  query: string,
  dialect: Dialect,
  maxRows: number,
): CompiledStatement {
  const compiler = new StatementCompiler(dialect);
  const text = compiler.compile(query);
  return {
    // One more than is taken, so that too many can be told from enough.
    text: compiler.hasLimit
      ? `SELECT * FROM (\n${text}\n) AS judged LIMIT ${maxRows + 1}`
      : `${text}\nLIMIT ${maxRows + 1}`,
    slots: compiler.slots,
    uses: new Set(compiler.slots.map(({ binding }) => binding)),
  };
}

/** Quoted text, comments and dollar quotes of PostgreSQL, then what means something here. */
const tokens = (backslash: boolean) =>
  new RegExp(
    [
      // PostgreSQL's own strings with escapes.
      "\\b[eE]'(?:[^'\\\\]|\\\\.|'')*'",
      backslash ? "'(?:[^'\\\\]|\\\\.|'')*'" : "'(?:[^']|'')*'",
      backslash ? '"(?:[^"\\\\]|\\\\.|"")*"' : '"(?:[^"]|"")*"',
      "`(?:[^`]|``)*`",
      "--[^\\n]*",
      "/\\*[\\s\\S]*?\\*/",
      "\\$(\\w*)\\$[\\s\\S]*?\\$\\1\\$",
      "::",
      ":(?<binding>[A-Za-z_]\\w*)",
      "(?<word>[A-Za-z_]\\w*)",
      "(?<sign>[();?])",
    ].join("|"),
    "g",
  );

const limitWords = new Set(["LIMIT", "FETCH", "OFFSET"]);

class StatementCompiler {
  readonly slots: Slot[] = [];
  hasLimit = false;
  readonly #dialect: Dialect;
  #depth = 0;
  #firstWord: string | undefined;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  compile(query: string): string {
    const pattern = tokens(this.#dialect.escapesByBackslash);
    const text = query.trim().replace(/;\s*$/, "");
    const compiled = text.replace(pattern, (token, ...rest) => {
      const { binding, word, sign } = rest.at(-1) as Record<string, string | undefined>;
      const before = text.slice(0, rest.at(-3) as number);
      if (binding !== undefined) return this.#place(binding, before);
      if (word !== undefined) this.#word(word.toUpperCase());
      if (sign !== undefined) this.#sign(sign);
      return token;
    });
    if (this.#firstWord !== "SELECT" && this.#firstWord !== "WITH") refuse("must be a SELECT");
    return compiled;
  }

  #word(word: string): void {
    this.#firstWord ??= word;
    if (word === "INTO") refuse("must not have INTO: it only reads");
    if (this.#depth === 0 && limitWords.has(word)) this.hasLimit = true;
  }

  #sign(sign: string): void {
    if (sign === ";") refuse("must be one statement");
    if (sign === "?") refuse("must not have ?: bindings are named, such as :sha256");
    this.#depth += sign === "(" ? 1 : -1;
  }

  #place(name: string, before: string): string {
    const binding = bindingNames.find((one) => one === name);
    if (binding === undefined) {
      return refuse(`has no binding :${name}; there are :${bindingNames.join(", :")}`);
    }
    if (!isArrayBinding(binding)) return this.#slot({ binding });
    if (/\bIN\s*\(\s*$/i.test(before)) {
      const places = Array.from({ length: listPlaces[binding] }, (_, index) =>
        this.#slot({ binding, index }),
      );
      return places.join(", ");
    }
    if (!this.#dialect.hasArrays) return refuse(`must have :${name} as IN (:${name})`);
    return this.#slot({ binding });
  }

  #slot(slot: Slot): string {
    return this.#dialect.placeholder(this.slots.push(slot));
  }
}

function refuse(problem: string): never {
  throw new SettingsError([`query ${problem}`]);
}
