const INITIAL_BYTES = 1024;
const NO_BYTES = Buffer.alloc(0);

/**
 * Bytes kept from one read to the next. Grows by doubling with what really came, never by a number
 * that a peer sent; the caller checks its bounds before it adds.
 */
export class Carry {
  #buffer: Buffer = NO_BYTES;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The buffer behind the bytes; valid in `[0, length)` until the next `add`. */
  get buffer(): Buffer {
    return this.#buffer;
  }

  add(bytes: Buffer, start: number, end: number): void {
    const needed = this.#length + end - start;
    if (needed > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(Math.max(INITIAL_BYTES, this.#buffer.length * 2, needed));
      this.#buffer.copy(grown, 0, 0, this.#length);
      this.#buffer = grown;
    }
    bytes.copy(this.#buffer, this.#length, start, end);
    this.#length = needed;
  }

  /** Forgets the bytes from `length` on. */
  truncate(length: number): void {
    this.#length = length;
  }

  /** Forgets everything and gives the memory back: idle connections hold none. */
  clear(): void {
    this.#length = 0;
    this.#buffer = NO_BYTES;
  }
}
