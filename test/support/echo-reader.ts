import { createHash, type Hash } from "node:crypto";

/**
 * Takes a `200` whose body is too long to be kept, as it comes: strict about the chunks, hashing
 * what is in them.
 */
export class EchoReader {
  readonly #hash: Hash = createHash("sha256");
  #pending: Buffer = Buffer.alloc(0);
  #inBody = false;
  /** Bytes of the chunk that are still to come, with its line end. */
  #left = 0;
  #head = "";
  #bytes = 0;
  #ended = false;

  get head(): string {
    return this.#head;
  }

  get bodyBytes(): number {
    return this.#bytes;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Of the body; to be asked for once. */
  sha256(): string {
    return this.#hash.digest("hex");
  }

  /** @param headBytes length of the encapsulated head behind the ICAP head */
  take(bytes: Buffer, headBytes: number): void {
    let rest = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    if (!this.#inBody) rest = this.#takeHead(rest, headBytes);
    while (this.#inBody && !this.#ended && rest.length > 0) {
      const taken = this.#left > 0 ? this.#takeData(rest) : this.#takeSizeLine(rest);
      if (taken === 0) break;
      rest = rest.subarray(taken);
    }
    if (this.#ended && rest.length > 0) throw new Error("bytes behind the last chunk");
    this.#pending = rest;
  }

  #takeHead(bytes: Buffer, headBytes: number): Buffer {
    const end = bytes.indexOf("\r\n\r\n");
    if (end === -1 || bytes.length < end + 4 + headBytes) return bytes;
    this.#inBody = true;
    this.#head = bytes.toString("latin1", 0, end + 4 + headBytes);
    return bytes.subarray(end + 4 + headBytes);
  }

  #takeData(bytes: Buffer): number {
    const taken = Math.min(this.#left, bytes.length);
    const data = Math.max(0, Math.min(taken, this.#left - 2));
    this.#hash.update(bytes.subarray(0, data));
    this.#bytes += data;
    this.#left -= taken;
    return taken;
  }

  #takeSizeLine(bytes: Buffer): number {
    const end = bytes.indexOf("\r\n");
    if (end === -1) return 0;
    const size = Number.parseInt(bytes.toString("latin1", 0, end), 16);
    if (Number.isNaN(size)) throw new Error("not a chunk size");
    if (size > 0) {
      this.#left = size + 2;
      return end + 2;
    }
    if (bytes.length < end + 4) return 0;
    this.#ended = true;
    return end + 4;
  }
}
