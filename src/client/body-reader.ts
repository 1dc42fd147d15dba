import { ClientErrorCode, IcapClientError } from "./client-error.ts";

/** Bytes of a body as they come. */
export type BodySource = AsyncIterable<Uint8Array>;

/** A body read in two parts: the preview first, then the rest. */
export class BodyReader {
  readonly #iterator: AsyncIterator<Uint8Array>;
  #left: Uint8Array | undefined;

  constructor(source: BodySource) {
    this.#iterator = source[Symbol.asyncIterator]();
  }

  /** The first `bytes` bytes, or all there are. `isWhole`: nothing comes after them. */
  async preview(bytes: number): Promise<{ pieces: Uint8Array[]; isWhole: boolean }> {
    const pieces: Uint8Array[] = [];
    let wanted = bytes;
    let piece = await this.next();
    while (piece !== undefined && piece.length <= wanted) {
      wanted -= piece.length;
      pieces.push(piece);
      piece = await this.next();
    }
    if (piece === undefined) return { pieces, isWhole: true };
    if (wanted > 0) pieces.push(piece.subarray(0, wanted));
    this.#left = piece.subarray(wanted);
    return { pieces, isWhole: false };
  }

  /** The next piece, never empty; undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    const left = this.#left;
    this.#left = undefined;
    if (left !== undefined) return left;
    for (;;) {
      const { done, value } = await this.#pull();
      if (done) return;
      if (value.length > 0) return value;
    }
  }

  /** Lets go of the source before its end. */
  async cancel(): Promise<void> {
    await this.#iterator.return?.();
  }

  async #pull(): Promise<IteratorResult<Uint8Array>> {
    try {
      return await this.#iterator.next();
    } catch (cause) {
      const message = `cannot read the body: ${(cause as Error).message}`;
      throw new IcapClientError(ClientErrorCode.Body, message, { cause });
    }
  }
}
