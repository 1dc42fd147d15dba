import { createHash } from "node:crypto";

const HASH_BYTES = 32;

/** A hash list as it crosses threads: shared memory, nothing is copied. */
export interface HashListData {
  /** SHA-256 values, sorted, 32 bytes each. */
  readonly hashes: SharedArrayBuffer;
  /** For each hash, where its name begins in `names`; one more at the end. */
  readonly nameOffsets: SharedArrayBuffer;
  /** The names, UTF-8, one after the other; a hash without one has an empty name. */
  readonly names: SharedArrayBuffer;
  /** Hash of the text. */
  readonly digest: string;
}

interface Listed {
  readonly hash: Buffer;
  readonly name: string;
}

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
  const listed: Listed[] = [];
  let number = 0;
  for (const line of text.split("\n")) {
    number += 1;
    const entry = line.trim();
    if (entry === "" || entry.startsWith("#")) continue;
    listed.push(parseLine(entry, number));
  }
  listed.sort((a, b) => Buffer.compare(a.hash, b.hash));
  return packed(listed, createHash("sha256").update(text).digest("hex"));
}

function parseLine(entry: string, number: number): Listed {
  const [, hex, rest] = /^([0-9a-f]{64})(?:$|[\s,:](.*)$)/i.exec(entry) ?? [];
  if (hex === undefined) throw new HashListError(number, entry);
  const clamav = entry[HASH_BYTES * 2] === ":" ? /^(?:\d+|\*):([^:]*)/.exec(rest ?? "") : undefined;
  if (clamav === null) throw new HashListError(number, entry);
  return { hash: Buffer.from(hex, "hex"), name: clamav?.[1] ?? rest?.trim() ?? "" };
}

function packed(listed: readonly Listed[], digest: string): HashListData {
  const nameBytes = listed.reduce((sum, { name }) => sum + Buffer.byteLength(name), 0);
  const hashes = Buffer.from(new SharedArrayBuffer(listed.length * HASH_BYTES));
  const names = Buffer.from(new SharedArrayBuffer(nameBytes));
  const nameOffsets = new Uint32Array(new SharedArrayBuffer((listed.length + 1) * 4));
  let written = 0;
  for (const [index, { hash, name }] of listed.entries()) {
    hash.copy(hashes, index * HASH_BYTES);
    nameOffsets[index] = written;
    written += names.write(name, written);
  }
  nameOffsets[listed.length] = written;
  return {
    hashes: hashes.buffer as unknown as SharedArrayBuffer,
    nameOffsets: nameOffsets.buffer,
    names: names.buffer as unknown as SharedArrayBuffer,
    digest,
  };
}

/** Looks hashes up by binary search. Costs nothing to make: the data is used where it is. */
export class HashList {
  readonly digest: string;
  readonly size: number;
  readonly #hashes: Buffer;
  readonly #names: Buffer;
  readonly #nameOffsets: Uint32Array;

  constructor(data: HashListData) {
    this.digest = data.digest;
    this.#hashes = Buffer.from(data.hashes);
    this.#names = Buffer.from(data.names);
    this.#nameOffsets = new Uint32Array(data.nameOffsets);
    this.size = this.#hashes.length / HASH_BYTES;
  }

  /** The name given to this hash, empty when it has none; undefined when the hash is not listed. */
  find(sha256: string): string | undefined {
    const wanted = Buffer.from(sha256, "hex");
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
    const from = index * HASH_BYTES;
    return this.#hashes.compare(wanted, 0, HASH_BYTES, from, from + HASH_BYTES);
  }

  #nameAt(index: number): string {
    return this.#names.toString("utf8", this.#nameOffsets[index], this.#nameOffsets[index + 1]);
  }
}
