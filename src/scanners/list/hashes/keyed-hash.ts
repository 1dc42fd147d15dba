/** A key of `KeyedHash`: 64 bits that nobody who chooses names may know. */
export type HashKey = readonly [number, number];

/**
 * HalfSipHash-2-4 with 64 bits of output (Aumasson and Bernstein), over the characters U+0000 to
 * U+00FF of a string. All its arithmetic is on words of 32 bits, which JavaScript has; nothing is
 * allocated. Without the key nobody can make up a name that meets the hash of another.
 */
export class KeyedHash {
  /** The last eight bytes of output, as two words without a sign. */
  high = 0;
  low = 0;
  readonly #k0: number;
  readonly #k1: number;
  #v0 = 0;
  #v1 = 0;
  #v2 = 0;
  #v3 = 0;

  constructor([k0, k1]: HashKey) {
    this.#k0 = k0 | 0;
    this.#k1 = k1 | 0;
  }

  /** Hashes the text from `start` on into `high` and `low`. */
  hash(text: string, start = 0): void {
    this.#v0 = this.#k0;
    this.#v1 = this.#k1 ^ 0xee;
    this.#v2 = this.#k0 ^ 0x6c796765;
    this.#v3 = this.#k1 ^ 0x74656462;
    const end = text.length;
    let at = start;
    for (; at + 4 <= end; at += 4) this.#absorb(wordAt(text, at));
    let last = (end - start) << 24;
    for (let shift = 0; at < end; at += 1, shift += 8) last |= text.charCodeAt(at) << shift;
    this.#absorb(last);
    this.#v2 ^= 0xee;
    this.#mix(4);
    this.high = (this.#v1 ^ this.#v3) >>> 0;
    this.#v1 ^= 0xdd;
    this.#mix(4);
    this.low = (this.#v1 ^ this.#v3) >>> 0;
  }

  #absorb(word: number): void {
    this.#v3 ^= word;
    this.#mix(2);
    this.#v0 ^= word;
  }

  #mix(rounds: number): void {
    let v0 = this.#v0;
    let v1 = this.#v1;
    let v2 = this.#v2;
    let v3 = this.#v3;
    for (let round = 0; round < rounds; round += 1) {
      v0 = (v0 + v1) | 0;
      v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
      v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0;
      v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
      v2 = (v2 << 16) | (v2 >>> 16);
    }
    this.#v0 = v0;
    this.#v1 = v1;
    this.#v2 = v2;
    this.#v3 = v3;
  }
}

function wordAt(text: string, at: number): number {
  return (
    text.charCodeAt(at) |
    (text.charCodeAt(at + 1) << 8) |
    (text.charCodeAt(at + 2) << 16) |
    (text.charCodeAt(at + 3) << 24)
  );
}
