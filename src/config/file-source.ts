import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  type Pair,
  parseDocument,
} from "yaml";
import type { Candidate, SourceContent } from "./candidate.ts";
import { catalogueRoot, isSetting, type Section, settingEntries } from "./entries.ts";
import { didYouMean, type Problem, shown } from "./problem.ts";

/** Reads the text of a YAML (or JSON) file. `name` is what messages call it. */
export function readSettingsFile(name: string, text: string): SourceContent {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    const problems = document.errors.map((error) => ({
      origin: `${name}:${lines.linePos(error.pos[0]).line}`,
      message: error.message,
    }));
    return { candidates: [], problems };
  }
  return new FileReader(name, document, lines).read();
}

class FileReader {
  readonly #name: string;
  readonly #document: Document;
  readonly #lines: LineCounter;
  readonly #candidates: Candidate[] = [];
  readonly #problems: Problem[] = [];

  constructor(name: string, document: Document, lines: LineCounter) {
    this.#name = name;
    this.#document = document;
    this.#lines = lines;
  }

  read(): SourceContent {
    this.#readSection(this.#document.contents, catalogueRoot, { prefix: "", origin: this.#name });
    return { candidates: this.#candidates, problems: this.#problems };
  }

  /** An empty section is allowed: it is what is left when its last setting is commented out. */
  #readSection(node: unknown, section: Section, at: { prefix: string; origin: string }): void {
    const value = isAlias(node) ? node.resolve(this.#document) : node;
    if (value === null || value === undefined || (isScalar(value) && value.value === null)) return;
    if (isMap(value)) {
      for (const pair of value.items) this.#readPair(pair, section, at.prefix);
    } else {
      const message = `must be a section with ${Object.keys(section).join(", ")}`;
      this.#problems.push({ origin: at.origin, message });
    }
  }

  #readPair(pair: Pair<unknown, unknown>, section: Section, prefix: string): void {
    const key = isScalar(pair.key) ? String(pair.key.value) : shown(pair.key);
    const offset = isScalar(pair.key) ? (pair.key.range?.[0] ?? 0) : 0;
    const path = `${prefix}${key}`;
    const origin = `${this.#name}:${this.#lines.linePos(offset).line}: ${path}`;
    const node = Object.hasOwn(section, key) ? section[key] : undefined;
    if (node === undefined) {
      this.#problems.push({ origin, message: `unknown setting${suggestion(key, section)}` });
    } else if (isSetting(node)) {
      this.#readValue(pair.value, path, origin);
    } else {
      this.#readSection(pair.value, node, { prefix: `${path}.`, origin });
    }
  }

  /** `toJS` throws where aliases multiply beyond reason. */
  #readValue(node: unknown, path: string, origin: string): void {
    try {
      const raw = isNode(node) ? node.toJS(this.#document) : node;
      this.#candidates.push({ path, raw, origin });
    } catch (error) {
      this.#problems.push({ origin, message: (error as Error).message });
    }
  }
}

/** A near name in the same section, or the full path of a setting that has this very name. */
function suggestion(key: string, section: Section): string {
  const near = didYouMean(key, Object.keys(section));
  if (near !== "") return near;
  const elsewhere = settingEntries.find(({ path }) => path.split(".").at(-1) === key);
  return elsewhere === undefined ? "" : `, did you mean "${elsewhere.path}"?`;
}
