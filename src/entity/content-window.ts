import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { EntityContent } from "./entity.ts";

/**
 * A view that slides forward over a content: all of a content in memory, a bounded buffer over one
 * in a file. `bytes` changes with every `slide` and must not be kept.
 */
export class ContentWindow {
  readonly length: number;
  #bytes: Buffer;
  #offset = 0;
  readonly #buffer: Buffer | undefined;
  readonly #handle: FileHandle | undefined;
  readonly #fileOffset: number;

  private constructor(content: EntityContent, handle: FileHandle | undefined, bufferBytes: number) {
    this.#handle = handle;
    if (content.kind === "memory") {
      this.length = content.data.length;
      this.#bytes = content.data;
      this.#fileOffset = 0;
    } else {
      this.length = content.length;
      this.#buffer = Buffer.allocUnsafeSlow(Math.min(bufferBytes, content.length));
      this.#bytes = this.#buffer.subarray(0, 0);
      this.#fileOffset = content.offset;
    }
  }

  static async open(content: EntityContent, bufferBytes: number): Promise<ContentWindow> {
    if (content.kind === "memory") return new ContentWindow(content, undefined, 0);
    const handle = await open(content.path, constants.O_RDONLY | constants.O_NOFOLLOW);
    const window = new ContentWindow(content, handle, bufferBytes);
    await window.slide(0);
    return window;
  }

  /** What is seen now. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Where in the content `bytes` begins. */
  get offset(): number {
    return this.#offset;
  }

  /** True when `bytes` reaches the end of the content. */
  get atEnd(): boolean {
    return this.#offset + this.#bytes.length >= this.length;
  }

  /**
   * Drops the first `bytes` of the view and reads on behind it. What is kept must leave room, or
   * nothing new can be seen.
   */
  async slide(drop: number): Promise<void> {
    const buffer = this.#buffer;
    if (buffer === undefined || this.#handle === undefined) return; // memory is seen whole
    const kept = this.#bytes.length - drop;
    buffer.copyWithin(0, drop, this.#bytes.length);
    this.#offset += drop;
    const from = this.#offset + kept;
    const wanted = Math.min(buffer.length - kept, this.length - from);
    let filled = kept;
    if (wanted > 0) {
      const { bytesRead } = await this.#handle.read(buffer, kept, wanted, this.#fileOffset + from);
      if (bytesRead === 0) throw new Error("spool file is shorter than the content in it");
      filled += bytesRead;
    }
    this.#bytes = buffer.subarray(0, filled);
  }

  async close(): Promise<void> {
    await this.#handle?.close();
  }
}
