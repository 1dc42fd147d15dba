import { createHash, randomBytes } from "node:crypto";
import { relative } from "node:path";
import { type HashKey, KeyedHash } from "../hashes/keyed-hash.ts";
import { LineProblems } from "../line-problems.ts";
import { readLines } from "../list-lines.ts";
import { isAddress } from "./host-name.ts";
import { type NameFile, type NameFormat, nameFiles } from "./name-files.ts";
import { NameKind } from "./name-kind.ts";
import { NamesChanged, NameTable, NameTableBuilder, type NameTableData } from "./name-table.ts";
import { urlEntriesAbove, type WebAddress } from "./web-address.ts";

export interface NameListSource {
  readonly path: string;
  readonly format: NameFormat;
  /** Of a squidGuard directory, the categories that are read; left out: all. */
  readonly categories?: readonly string[] | undefined;
  /** A host that is listed alone stands for all below it too. */
  readonly widensHosts: boolean;
  /** Lines that are not understood are counted, else the list is refused. */
  readonly skipsInvalid: boolean;
}

/** A list of names as it crosses threads. */
export interface NameListData {
  readonly table: NameTableData;
  readonly keys: readonly HashKey[];
  /** Which kinds there are entries of, by their number. */
  readonly kinds: readonly boolean[];
  /** What the numbers of the table stand for. */
  readonly categories: readonly NameCategory[];
  /** Of the content of all files. */
  readonly digest: string;
  readonly problems: readonly string[];
  readonly skippedLines: number;
}

export interface NameCategory {
  /** Undefined in a list that is one file. */
  readonly name: string | undefined;
  /** Named by the list as what is to pass (`rpz-passthru`). */
  readonly isException: boolean;
}

/** An entry that was found. */
export interface NameHit {
  readonly categories: readonly NameCategory[];
  /** As it is in the list: the host, a domain above it, or a URL above the one asked for. */
  readonly entry: string;
}

const ATTEMPTS = 3;
const KINDS = Object.values(NameKind).length;

/**
 * Reads a list. Blocks for seconds when it is large, so it is for a thread of its own. Goes through
 * the files twice, to have no name in memory; starts again when they have changed meanwhile.
 */
export function readNameList(source: NameListSource): NameListData {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return new NameListReader(source).read();
    } catch (error) {
      if (!(error instanceof NamesChanged) || attempt === ATTEMPTS) throw error;
    }
  }
}

class NameListReader {
  readonly #source: NameListSource;
  readonly #files: readonly NameFile[];
  readonly #keys = Array.from({ length: KINDS }, randomKey);
  readonly #hashes = this.#keys.map((key) => new KeyedHash(key));
  readonly #kinds = this.#keys.map(() => false);
  readonly #categories: NameCategory[] = [];
  readonly #builder = new NameTableBuilder();

  constructor(source: NameListSource) {
    this.#source = source;
    this.#files = nameFiles(source.path, source.format, source.categories);
  }

  read(): NameListData {
    const problems = new LineProblems(this.#source.skipsInvalid);
    const digest = this.#pass(problems, (hash) => this.#builder.count(hash));
    const again = this.#pass(new LineProblems(true), (hash, label) =>
      this.#builder.place(hash, label),
    );
    if (digest !== again) throw new NamesChanged("the list was written to while it was read");
    return {
      table: this.#builder.finish(),
      keys: this.#keys,
      kinds: this.#kinds,
      categories: this.#categories,
      digest,
      problems: problems.examples,
      skippedLines: problems.count,
    };
  }

  #pass(problems: LineProblems, add: (hash: KeyedHash, label: number) => void): string {
    const digest = createHash("sha256");
    for (const { path, category, reader } of this.#files) {
      const name = relative(this.#source.path, path);
      digest.update(`\0${name}\0`);
      const listed = this.#label(category, false);
      const read = reader();
      const take = (kind: NameKind, text: string, isException = false): void => {
        const reach =
          kind === NameKind.Host && this.#source.widensHosts && !isAddress(text)
            ? NameKind.Domain
            : kind;
        const hash = this.#hashes[reach] as KeyedHash;
        hash.hash(text);
        this.#kinds[reach] = true;
        add(hash, isException ? this.#label(category, true) : listed);
      };
      readLines({
        path,
        digest,
        onLine: (line, number) => {
          if (line === undefined || !read(line, take)) problems.add(name || path, number, line);
        },
      });
    }
    return digest.digest("hex");
  }

  #label(name: string | undefined, isException: boolean): number {
    const known = this.#categories.findIndex(
      (category) => category.name === name && category.isException === isException,
    );
    return known >= 0 ? known : this.#categories.push({ name, isException }) - 1;
  }
}

function randomKey(): HashKey {
  const bytes = randomBytes(8);
  return [bytes.readInt32LE(0), bytes.readInt32LE(4)];
}

/** Looks up hosts and URLs. Costs nothing to make: the data is used where it is. */
export class NameList {
  readonly digest: string;
  readonly size: number;
  readonly #table: NameTable;
  readonly #hashes: readonly KeyedHash[];
  readonly #kinds: readonly boolean[];
  readonly #categories: readonly NameCategory[];

  constructor(data: NameListData) {
    this.digest = data.digest;
    this.#table = new NameTable(data.table);
    this.size = this.#table.size;
    this.#hashes = data.keys.map((key) => new KeyedHash(key));
    this.#kinds = data.kinds;
    this.#categories = data.categories;
  }

  /** Every entry that a host, in the form of `hostName`, is or is below, the nearest first. */
  findHost(host: string): NameHit[] {
    const hits: NameHit[] = [];
    this.#look(NameKind.Host, host, 0, hits);
    this.#look(NameKind.Domain, host, 0, hits);
    if (isAddress(host)) return hits;
    for (let dot = host.indexOf("."); dot >= 0; dot = host.indexOf(".", dot + 1)) {
      this.#look(NameKind.Domain, host, dot + 1, hits);
      this.#look(NameKind.Below, host, dot + 1, hits);
    }
    return hits;
  }

  /** Every entry that the URL is or is under. */
  findUrl(address: WebAddress): NameHit[] {
    const hits: NameHit[] = [];
    if (!this.#kinds[NameKind.Url]) return hits;
    for (const entry of urlEntriesAbove(address)) this.#look(NameKind.Url, entry, 0, hits);
    return hits;
  }

  #look(kind: NameKind, text: string, start: number, hits: NameHit[]): void {
    if (!this.#kinds[kind]) return;
    const hash = this.#hashes[kind] as KeyedHash;
    hash.hash(text, start);
    const labels = this.#table.find(hash);
    if (labels === undefined) return;
    const categories = labels.map((label) => this.#categories[label] as NameCategory);
    const entry = text.slice(start);
    hits.push({ categories, entry: kind === NameKind.Below ? `*.${entry}` : entry });
  }
}
