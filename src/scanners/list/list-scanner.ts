import type { Entity } from "../../entity/index.ts";
import { type Scanner, type Verdict, VerdictKind, VerdictReason } from "../../scanning/index.ts";
import type { HashList } from "./hashes/hash-list.ts";
import { HashListFile, type HashListFileOptions } from "./hashes/hash-list-file.ts";

/** Name of a threat whose line in the list has none. */
export const LISTED_HASH = "Listed-Hash";

/**
 * A scanner that knows content by its SHA-256 alone: `blocked` when listed, else `unknown`, for a
 * list says nothing about what is not on it. Looks at no bytes, so entities may be of any size.
 * Rejects when the file cannot be used.
 */
export async function createListScanner(options: HashListFileOptions): Promise<Scanner> {
  return new ListScanner(await HashListFile.open(options));
}

class ListScanner implements Scanner {
  readonly name = "list";
  readonly maxBytes = Number.MAX_SAFE_INTEGER;
  readonly #file: HashListFile;

  constructor(file: HashListFile) {
    this.#file = file;
  }

  get epoch(): string {
    return this.#file.list.digest;
  }

  async scan(entity: Entity): Promise<Verdict> {
    return judgedBy(this.#file.list, entity.sha256);
  }

  async close(): Promise<void> {
    this.#file.close();
  }
}

function judgedBy(list: HashList, sha256: string): Verdict {
  const name = list.find(sha256);
  if (name === undefined) return { kind: VerdictKind.Unknown, threats: [] };
  return {
    kind: VerdictKind.Blocked,
    reason: VerdictReason.Malware,
    threats: [{ name: name || LISTED_HASH, engine: "list" }],
  };
}
