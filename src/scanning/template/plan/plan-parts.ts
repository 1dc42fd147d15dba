import type { Expression, Language } from "../../../cel/index.ts";
import { SUBJECT_FIELDS } from "../language/template-language.ts";
import {
  nameOf,
  type PathReference,
  parseText,
  type TextTemplate,
} from "../language/text-template.ts";
import type { TemplateProblem } from "../template.ts";
import type { NamedExpressions, NamedTexts } from "./plan.ts";

/** Stands among what is read for the entity's bytes. */
export const CONTENT = "the bytes";

export type Path = readonly (string | number)[];

/** Where a text stands, and so what may be in it. */
export interface Place {
  /** Roots that may be named. */
  readonly roots: readonly string[];
  /** A JSON document may hold the bytes; others may not. */
  readonly takesContent?: boolean;
}

export const BOOL = ["bool", "dyn"] as const;
export const STRING = ["string", "dyn"] as const;
export const NUMBER = ["double", "int", "dyn"] as const;
export const ANYTHING: readonly string[] = [];

const NAMES = new Set(["req.fileName", "req.extension"]);

const EMPTY: TextTemplate = { parts: [], references: [] };

/** Compiles the expressions and texts of a template, and notes what is wrong with them. */
export class PlanParts {
  readonly problems: TemplateProblem[] = [];
  /** Names that steps so far have put into `state`. */
  readonly state = new Set<string>();
  /** An expression reads the file name: verdicts depend on it, as they do not where it is sent along. */
  judgesNames = false;
  readonly #params: ReadonlySet<string>;
  readonly #secrets: ReadonlySet<string>;
  /** What is read by whatever was compiled since the last call of `takeReads`. */
  #reads = new Set<string>();

  constructor(params: readonly string[], secrets: readonly string[]) {
    this.#params = new Set(params);
    this.#secrets = new Set(secrets);
  }

  /** What is being planned sends the entity's bytes. */
  sendsContent(): void {
    this.#reads.add(CONTENT);
  }

  report(path: Path, message: string): void {
    this.problems.push({ path, message });
  }

  /** What was read since the last call, such as `req.sha256` and `state.id`. */
  takeReads(): Set<string> {
    const reads = this.#reads;
    this.#reads = new Set();
    return reads;
  }

  expression(path: Path, source: string, language: Language, gives: readonly string[]): Expression {
    const compiled = language.compile(source, gives);
    if (typeof compiled === "string") {
      this.report(path, compiled);
      return { source, uses: new Set(), literals: [], evaluate: () => undefined };
    }
    for (const use of compiled.uses) {
      this.#read(path, use);
      if (NAMES.has(use)) this.judgesNames = true;
    }
    return compiled;
  }

  optional(
    path: Path,
    source: string | undefined,
    language: Language,
    gives: readonly string[],
  ): Expression | undefined {
    return source === undefined ? undefined : this.expression(path, source, language, gives);
  }

  expressions(
    path: Path,
    sources: Readonly<Record<string, string>> | undefined,
    language: Language,
  ): NamedExpressions {
    return Object.entries(sources ?? {}).map(([name, source]) => {
      const compiled = this.expression([...path, name], source, language, ANYTHING);
      this.state.add(name);
      return [name, compiled] as const;
    });
  }

  text(path: Path, source: string, place: Place): TextTemplate {
    const text = parseText(source);
    if (typeof text === "string") {
      this.report(path, text);
      return EMPTY;
    }
    for (const reference of text.references) this.#refer(path, reference, place);
    return text;
  }

  texts(
    path: Path,
    sources: Readonly<Record<string, string>> | undefined,
    place: Place,
  ): NamedTexts {
    return Object.entries(sources ?? {}).map(
      ([name, source]) => [name, this.text([...path, name], source, place)] as const,
    );
  }

  #refer(path: Path, reference: PathReference, place: Place): void {
    const { root, steps } = reference;
    if (!place.roots.includes(root)) {
      this.report(path, `\${${nameOf(reference)}}: ${root} has no place here`);
    } else if (root === "secret") {
      this.#requireKnown(path, reference, this.#secrets, "secrets");
    } else if (root === "req") {
      this.#referToSubject(path, reference, place);
    } else {
      this.#read(path, `${root}.${steps[0]}`);
    }
  }

  #referToSubject(path: Path, reference: PathReference, place: Place): void {
    const name = reference.steps[0] ?? "";
    const isContent = name === "base64";
    if (isContent && place.takesContent !== true) {
      this.report(path, "${req.base64} must be a text of body.json of its own");
    } else if (!isContent && !(SUBJECT_FIELDS.has(name) && reference.steps.length === 1)) {
      this.report(path, `\${${nameOf(reference)}}: req has no such member`);
    }
    if (!isContent) this.#reads.add(`req.${name}`);
  }

  #requireKnown(path: Path, reference: PathReference, known: ReadonlySet<string>, of: string) {
    if (!known.has(reference.steps[0] ?? "") || reference.steps.length > 1) {
      this.report(path, `\${${nameOf(reference)}} is not declared in ${of}`);
    }
  }

  /** Notes that something is read, and that it is there. */
  #read(path: Path, name: string): void {
    this.#reads.add(name);
    const [root = "", member] = name.split(".");
    if (member === undefined) return;
    if (root === "params" && !this.#params.has(member)) {
      this.report(path, `${name} is not declared in params`);
    } else if (root === "state" && !this.state.has(member)) {
      this.report(path, `${name} is made by no step before`);
    }
  }
}
