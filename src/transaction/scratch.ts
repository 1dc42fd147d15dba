const SCRATCH_BYTES = 96 * 1024;

/**
 * The buffer in which answers are put together: one for each process, used from the first byte of an
 * answer's piece to its write within one turn of the event loop, so connections never meet in it. A
 * write that the kernel did not take at once keeps the buffer; the next answer gets a new one.
 */
export class Scratch {
  #buffer: Buffer | undefined;

  get buffer(): Buffer {
    this.#buffer ??= Buffer.allocUnsafeSlow(SCRATCH_BYTES);
    return this.#buffer;
  }

  /** The buffer has been given away. */
  release(): void {
    this.#buffer = undefined;
  }
}
