import { createHash } from "node:crypto";
import { LineProblems } from "../line-problems.ts";
import { readLines } from "../list-lines.ts";
import { HashAlgorithm, type HashFormat, hashReader } from "./hash-lines.ts";
import { HashList } from "./hash-list.ts";
import { HashListBuilder, type HashListData } from "./hash-list-builder.ts";

export interface DigestListSource {
  readonly path: string;
  readonly format: HashFormat;
  readonly skipsInvalid: boolean;
}

/** Hashes of several algorithms, as they cross threads. */
export interface DigestListData {
  readonly lists: { readonly [Each in HashAlgorithm]?: HashListData };
  readonly digest: string;
  readonly problems: readonly string[];
  readonly skippedLines: number;
}

/** The hashes of one content, in hexadecimal digits; those that were computed. */
export type ContentHashes = { readonly [Each in HashAlgorithm]?: string | undefined };

const hashBytes: Readonly<Record<HashAlgorithm, number>> = { sha256: 32, sha1: 20, md5: 16 };

/** Reads a list. Blocks for seconds when it is large, so it is for a thread of its own. */
export function readDigestList({ path, format, skipsInvalid }: DigestListSource): DigestListData {
  const problems = new LineProblems(skipsInvalid);
  const builders = new Map<HashAlgorithm, HashListBuilder>();
  const read = hashReader(format);
  const hash = createHash("sha256");
  readLines({
    path,
    digest: hash,
    onLine: (line, number) => {
      const entry = line === undefined ? undefined : read(line);
      if (entry === undefined) problems.add(path, number, line);
      if (entry === undefined || entry === "nothing") return;
      const { algorithm, hex, name } = entry;
      const builder = builders.get(algorithm) ?? new HashListBuilder(hashBytes[algorithm]);
      builders.set(algorithm, builder);
      builder.add(hex, name);
    },
  });
  const digest = hash.digest("hex");
  const lists = Object.fromEntries(
    [...builders].map(([algorithm, builder]) => [algorithm, builder.build(digest)]),
  );
  return { lists, digest, problems: problems.examples, skippedLines: problems.count };
}

/** Looks content up by its hashes. */
export class DigestList {
  readonly digest: string;
  readonly size: number;
  /** What must be known of content to look it up. */
  readonly algorithms: readonly HashAlgorithm[];
  readonly #lists: ReadonlyMap<HashAlgorithm, HashList>;

  constructor(data: DigestListData) {
    this.digest = data.digest;
    this.#lists = new Map(
      Object.values(HashAlgorithm).flatMap((algorithm) => {
        const list = data.lists[algorithm];
        return list === undefined ? [] : [[algorithm, new HashList(list)] as const];
      }),
    );
    this.algorithms = [...this.#lists.keys()];
    this.size = [...this.#lists.values()].reduce((sum, list) => sum + list.size, 0);
  }

  /** The name of the content in the list, empty when it has none; undefined when it is not listed. */
  find(hashes: ContentHashes): string | undefined {
    for (const [algorithm, list] of this.#lists) {
      const hex = hashes[algorithm];
      const name = hex === undefined ? undefined : list.find(hex);
      if (name !== undefined) return name;
    }
    return undefined;
  }
}
