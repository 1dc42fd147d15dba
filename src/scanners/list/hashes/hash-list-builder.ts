/** A hash list as it crosses threads: shared memory, nothing is copied. */
export interface HashListData {
  /** Length of each hash. */
  readonly hashBytes: number;
  /** The hashes, sorted, one after the other. */
  readonly hashes: SharedArrayBuffer;
  /** For each hash, the number of its name. */
  readonly nameNumbers: SharedArrayBuffer;
  /** For each name, where it begins in `names`; one more at the end. */
  readonly nameOffsets: SharedArrayBuffer;
  /** The names, UTF-8, one after the other; a hash without one has an empty name. */
  readonly names: SharedArrayBuffer;
  /** Hash of the text. */
  readonly digest: string;
}

const FIRST_CAPACITY = 1024;
const MAX_HASHES = 2 ** 32;

/** Collects hashes of one length, in any order, and makes a list of them. */
export class HashListBuilder {
  readonly #hashBytes: number;
  #hashes = Buffer.alloc(0);
  #nameNumbers = new Uint32Array(0);
  #size = 0;
  readonly #names = new Map<string, number>();

  constructor(hashBytes: number) {
    this.#hashBytes = hashBytes;
  }

  get size(): number {
    return this.#size;
  }

  /** Takes a hash in hexadecimal digits of either case. */
  add(hex: string, name: string): void {
    if (this.#size === this.#nameNumbers.length) this.#grow();
    this.#hashes.write(hex, this.#size * this.#hashBytes, "hex");
    const known = this.#names.get(name);
    const number = known ?? this.#names.size;
    if (known === undefined) this.#names.set(name, number);
    this.#nameNumbers[this.#size] = number;
    this.#size += 1;
  }

  build(digest: string): HashListData {
    const hashBytes = this.#hashBytes;
    const hashes = Buffer.from(new SharedArrayBuffer(this.#size * hashBytes));
    const nameNumbers = new Uint32Array(new SharedArrayBuffer(this.#size * 4));
    for (const [at, index] of this.#order().entries()) {
      this.#hashes.copy(hashes, at * hashBytes, index * hashBytes, (index + 1) * hashBytes);
      nameNumbers[at] = this.#nameNumbers[index] as number;
    }
    const names = [...this.#names.keys()];
    return {
      hashBytes,
      hashes: hashes.buffer as unknown as SharedArrayBuffer,
      nameNumbers: nameNumbers.buffer,
      ...packed(names),
      digest,
    };
  }

  #grow(): void {
    const capacity = Math.max(FIRST_CAPACITY, this.#size * 2);
    if (capacity > MAX_HASHES) throw new RangeError("too many hashes");
    const hashes = Buffer.allocUnsafeSlow(capacity * this.#hashBytes);
    this.#hashes.copy(hashes);
    this.#hashes = hashes;
    const nameNumbers = new Uint32Array(capacity);
    nameNumbers.set(this.#nameNumbers);
    this.#nameNumbers = nameNumbers;
  }

  /** The places of the hashes in their order: sorted natively by their first 32 bits. */
  #order(): Uint32Array {
    const keys = new BigUint64Array(this.#size);
    for (let index = 0; index < this.#size; index += 1) {
      const first = this.#hashes.readUInt32BE(index * this.#hashBytes);
      keys[index] = (BigInt(first) << 32n) | BigInt(index);
    }
    keys.sort();
    const order = Uint32Array.from(keys, (key) => Number(key & 0xffff_ffffn));
    this.#settleTies(order);
    return order;
  }

  /** Sorts by insertion those few whose first 32 bits are equal. */
  #settleTies(order: Uint32Array): void {
    for (let at = 1; at < order.length; at += 1) {
      const index = order[at] as number;
      let to = at;
      while (to > 0 && this.#compare(order[to - 1] as number, index) > 0) {
        order[to] = order[to - 1] as number;
        to -= 1;
      }
      order[to] = index;
    }
  }

  #compare(one: number, other: number): number {
    const bytes = this.#hashBytes;
    return this.#hashes.compare(
      this.#hashes,
      other * bytes,
      (other + 1) * bytes,
      one * bytes,
      (one + 1) * bytes,
    );
  }
}

function packed(texts: readonly string[]): Pick<HashListData, "names" | "nameOffsets"> {
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  const names = Buffer.from(new SharedArrayBuffer(bytes));
  const nameOffsets = new Uint32Array(new SharedArrayBuffer((texts.length + 1) * 4));
  let written = 0;
  for (const [number, text] of texts.entries()) {
    nameOffsets[number] = written;
    written += names.write(text, written);
  }
  nameOffsets[texts.length] = written;
  return {
    names: names.buffer as unknown as SharedArrayBuffer,
    nameOffsets: nameOffsets.buffer,
  };
}
