import { endianness } from "node:os";
import type { KeyedHash } from "../hashes/keyed-hash.ts";

/** A table as it crosses threads: its memory moves, nothing is copied. */
export interface NameTableData {
  /** Of each entry, 48 bits of its hash and 16 of its label, sorted within each bucket. */
  readonly entries: ArrayBuffer;
  /** Where each bucket begins in `entries`; one more at the end. */
  readonly starts: ArrayBuffer;
  /** What the label of an entry stands for: the numbers that its name was added with. */
  readonly labels: readonly (readonly number[])[];
}

const BUCKETS = 65_536;
const MAX_LABELS = 65_536;
/** Where the words of a 64-bit number are. */
const [HIGH, LOW] = endianness() === "LE" ? [1, 0] : [0, 1];

/**
 * Finds names among millions by their 64-bit hash, in 8 bytes a name: the first 16 bits choose a
 * bucket and are not stored, the other 48 are beside 16 bits for the label. A name that is not in
 * the table is taken for one that is with a chance of (names in it) / 2^64.
 */
export class NameTable {
  readonly size: number;
  readonly #words: Uint32Array;
  readonly #starts: Uint32Array;
  readonly #labels: NameTableData["labels"];

  constructor({ entries, starts, labels }: NameTableData) {
    this.#words = new Uint32Array(entries);
    this.#starts = new Uint32Array(starts);
    this.#labels = labels;
    this.size = this.#words.length / 2;
  }

  /** The numbers that the name was added with, whose hash the argument holds. */
  find({ high, low }: KeyedHash): readonly number[] | undefined {
    const bucket = high >>> 16;
    const wantedHigh = storedHigh(high, low);
    const wantedLow = low & 0xffff;
    let from = this.#starts[bucket] as number;
    let to = this.#starts[bucket + 1] as number;
    while (from < to) {
      const middle = (from + to) >>> 1;
      const low32 = this.#words[2 * middle + LOW] as number;
      const order =
        (this.#words[2 * middle + HIGH] as number) - wantedHigh || (low32 >>> 16) - wantedLow;
      if (order === 0) return this.#labels[low32 & 0xffff];
      if (order < 0) from = middle + 1;
      else to = middle;
    }
    return undefined;
  }
}

/** The names of a list are not the same the second time: it was written to meanwhile. */
export class NamesChanged extends Error {}

/**
 * Builds a table from names that are gone through twice, so that they need never be in memory at
 * once: first `count` each, then `place` each, then `finish`.
 */
export class NameTableBuilder {
  readonly #starts = new Uint32Array(BUCKETS + 1);
  readonly #labels = new LabelSets();
  #entries = new BigUint64Array(0);
  #words = new Uint32Array(0);
  #cursors = new Uint32Array(0);

  count({ high }: KeyedHash): void {
    const bucket = high >>> 16;
    this.#starts[bucket + 1] = (this.#starts[bucket + 1] as number) + 1;
  }

  place({ high, low }: KeyedHash, label: number): void {
    if (this.#cursors.length === 0) this.#allocate();
    const bucket = high >>> 16;
    const at = this.#cursors[bucket] as number;
    if (at >= (this.#starts[bucket + 1] as number)) throw new NamesChanged("more names");
    this.#cursors[bucket] = at + 1;
    this.#words[2 * at + HIGH] = storedHigh(high, low);
    this.#words[2 * at + LOW] = ((low & 0xffff) << 16) | this.#labels.single(label);
  }

  /** Sorts, and joins the labels of a name that came more than once. */
  finish(): NameTableData {
    if (this.#cursors.length === 0) this.#allocate();
    let written = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
      const from = this.#starts[bucket] as number;
      const to = this.#cursors[bucket] as number;
      if (to !== this.#starts[bucket + 1]) throw new NamesChanged("fewer names");
      this.#entries.subarray(from, to).sort();
      this.#starts[bucket] = written;
      written = this.#unite(from, to, written);
    }
    this.#starts[BUCKETS] = written;
    return {
      entries: this.#entries.buffer.transfer(written * 8),
      starts: this.#starts.buffer,
      labels: this.#labels.all,
    };
  }

  #allocate(): void {
    for (let bucket = 1; bucket <= BUCKETS; bucket += 1) {
      this.#starts[bucket] =
        (this.#starts[bucket] as number) + (this.#starts[bucket - 1] as number);
    }
    this.#cursors = this.#starts.slice(0, BUCKETS);
    this.#entries = new BigUint64Array(this.#starts[BUCKETS] as number);
    this.#words = new Uint32Array(this.#entries.buffer);
  }

  #unite(from: number, to: number, target: number): number {
    const words = this.#words;
    let written = target;
    for (let at = from; at < to; at += 1) {
      const high = words[2 * at + HIGH] as number;
      const low = words[2 * at + LOW] as number;
      const last = 2 * (written - 1);
      const lastLow = words[last + LOW] as number;
      if (written > target && words[last + HIGH] === high && lastLow >>> 16 === low >>> 16) {
        words[last + LOW] =
          (low & 0xffff_0000) | this.#labels.union(lastLow & 0xffff, low & 0xffff);
      } else {
        words[2 * written + HIGH] = high;
        words[2 * written + LOW] = low;
        written += 1;
      }
    }
    return written;
  }
}

/** Bits 47 to 16 of the hash: the high word of an entry. */
function storedHigh(high: number, low: number): number {
  return ((high << 16) | (low >>> 16)) >>> 0;
}

/** Numbers for sets of labels, few as they are: a name is in one category or in some. */
class LabelSets {
  readonly all: (readonly number[])[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #singles: number[] = [];

  single(label: number): number {
    const known = this.#singles[label];
    if (known !== undefined) return known;
    const number = this.#numberOf([label]);
    this.#singles[label] = number;
    return number;
  }

  union(one: number, other: number): number {
    if (one === other) return one;
    const labels = new Set([...(this.all[one] ?? []), ...(this.all[other] ?? [])]);
    return this.#numberOf([...labels].sort((a, b) => a - b));
  }

  #numberOf(labels: readonly number[]): number {
    const key = labels.join();
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    if (this.all.length === MAX_LABELS) {
      throw new Error(`names are in more than ${MAX_LABELS} different sets of categories`);
    }
    this.#numbers.set(key, this.all.length);
    this.all.push(labels);
    return this.all.length - 1;
  }
}
