import { createHash } from "node:crypto";
import { HashListBuilder, type HashListData } from "./hash-list-builder.ts";

const SHA256_BYTES = 32;

export type { HashListData };

/** A line of a list that is none of the forms it may have. */
export class HashListError extends Error {
  readonly line: number;

  constructor(line: number, text: string) {
    super(`line ${line} is no SHA-256 entry: ${JSON.stringify(text.slice(0, 64))}`);
    this.line = line;
  }
}

/**
 * Reads a list. Each line is one of
 *
 *     <sha256>                    <sha256> name            <sha256>,name
 *     <sha256>:size:name          as in ClamAV's .hsb files; the size is not looked at
 *
 * Empty lines and lines that begin with `#` are skipped. Throws `HashListError` for anything else:
 * a list with a line that is not understood is a list that silently lets something pass.
 */
export function parseHashList(text: string): HashListData {
  const builder = new HashListBuilder(SHA256_BYTES);
  let number = 0;
  for (const line of text.split("\n")) {
    number += 1;
    const entry = line.trim();
    if (entry !== "" && !entry.startsWith("#")) addLine(builder, entry, number);
  }
  return builder.build(createHash("sha256").update(text).digest("hex"));
}

function addLine(builder: HashListBuilder, entry: string, number: number): void {
  const [, hex, rest] = /^([0-9a-f]{64})(?:$|[\s,:](.*)$)/i.exec(entry) ?? [];
  if (hex === undefined) throw new HashListError(number, entry);
  const isClamav = entry[SHA256_BYTES * 2] === ":";
  const clamav = isClamav ? /^(?:\d+|\*):([^:]*)/.exec(rest ?? "") : undefined;
  if (clamav === null) throw new HashListError(number, entry);
  builder.add(hex, clamav?.[1] ?? rest?.trim() ?? "");
}

/** Looks hashes up by binary search. Costs nothing to make: the data is used where it is. */
export class HashList {
  readonly digest: string;
  readonly size: number;
  readonly #hashBytes: number;
  readonly #hashes: Buffer;
  readonly #nameNumbers: Uint32Array;
  readonly #names: Buffer;
  readonly #nameOffsets: Uint32Array;

  constructor(data: HashListData) {
    this.digest = data.digest;
    this.#hashBytes = data.hashBytes;
    this.#hashes = Buffer.from(data.hashes);
    this.#nameNumbers = new Uint32Array(data.nameNumbers);
    this.#names = Buffer.from(data.names);
    this.#nameOffsets = new Uint32Array(data.nameOffsets);
    this.size = this.#nameNumbers.length;
  }

  /** The name given to this hash, empty when it has none; undefined when the hash is not listed. */
  find(hex: string): string | undefined {
    const wanted = Buffer.from(hex, "hex");
    let low = 0;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = this.#compareAt(middle, wanted);
      if (order === 0) return this.#nameAt(middle);
      if (order < 0) low = middle + 1;
      else high = middle;
    }
    return undefined;
  }

  #compareAt(index: number, wanted: Buffer): number {
    const from = index * this.#hashBytes;
    return this.#hashes.compare(wanted, 0, this.#hashBytes, from, from + this.#hashBytes);
  }

  #nameAt(index: number): string {
    const number = this.#nameNumbers[index] as number;
    return this.#names.toString("utf8", this.#nameOffsets[number], this.#nameOffsets[number + 1]);
  }
}
