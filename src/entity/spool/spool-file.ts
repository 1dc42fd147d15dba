import { constants } from "node:fs";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { HEAD_BYTES } from "../entity.ts";
import type { SlabPool } from "./slab-pool.ts";
import { failureOf, type SpoolFailure } from "./spool-failure.ts";

/** Bytes on their way to the disk. The file owns the slab from `write` on. */
export interface Block {
  readonly slab: Buffer;
  readonly length: number;
  /** Somebody may look at it beyond the write: it is given up rather than used again. */
  readonly isRead: boolean;
}

const CREATE_PRIVATE =
  constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * A temporary file that blocks are written to in order, one write at a time, with no more than the
 * caller queues in memory. It keeps its descriptor until `seal`; readers open the path on their own,
 * so a descriptor closed early can never be somebody else's by the time it is read.
 */
export class SpoolFile {
  readonly path: string;
  /** Called after every block written, and once when the file fails. */
  onProgress: () => void = () => {};
  readonly #slabs: SlabPool;
  readonly #queue: Block[] = [];
  readonly #waiting: (() => void)[] = [];
  #handle: FileHandle | undefined;
  #writing = false;
  #discarded = false;
  #pendingBytes = 0;
  #length = 0;
  #failure: SpoolFailure | undefined;

  constructor(path: string, slabs: SlabPool) {
    this.path = path;
    this.#slabs = slabs;
  }

  /** Bytes of slabs that wait for the disk. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Bytes from its start that can be read. */
  get writtenBytes(): number {
    return this.#length;
  }

  get idle(): boolean {
    return !this.#writing;
  }

  get failure(): SpoolFailure | undefined {
    return this.#failure;
  }

  write(block: Block): void {
    if (this.#failure !== undefined || this.#discarded) {
      this.#free(block);
      return;
    }
    this.#queue.push(block);
    this.#pendingBytes += block.slab.length;
    if (this.#writing) return;
    this.#writing = true;
    void this.#writeQueue();
  }

  /** Resolves when nothing waits for the disk any more, be it written, failed or dropped. */
  settled(): Promise<void> {
    if (!this.#writing) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Ends writing: waits for the queue, closes the file and answers its first bytes. */
  async seal(): Promise<Buffer | SpoolFailure> {
    await this.settled();
    if (this.#failure !== undefined) return this.#failure;
    try {
      const head = Buffer.allocUnsafeSlow(Math.min(HEAD_BYTES, this.#length));
      await this.#handle?.read(head, 0, head.length, 0);
      await this.#close();
      return head;
    } catch (error) {
      this.#failure = failureOf(error);
      return this.#failure;
    }
  }

  /** Removes the file; what waits is dropped. Never rejects; a second call does nothing. */
  async discard(): Promise<void> {
    if (this.#discarded) return;
    this.#discarded = true;
    this.#dropQueue();
    await this.settled();
    await this.#close().catch(() => {});
    await unlink(this.path).catch(() => {});
  }

  async #writeQueue(): Promise<void> {
    try {
      this.#handle ??= await open(this.path, CREATE_PRIVATE, 0o600);
      for (let block = this.#queue.shift(); block !== undefined; block = this.#queue.shift()) {
        await this.#writeBlock(this.#handle, block);
        this.onProgress();
      }
    } catch (error) {
      this.#failure = failureOf(error);
      this.#dropQueue();
    }
    this.#writing = false;
    this.onProgress();
    if (this.#writing) return; // more came with the progress; whoever waits, waits for that too
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async #writeBlock(handle: FileHandle, block: Block): Promise<void> {
    try {
      let written = 0;
      while (written < block.length) {
        const { bytesWritten } = await handle.write(
          block.slab,
          written,
          block.length - written,
          this.#length,
        );
        written += bytesWritten;
        this.#length += bytesWritten;
      }
    } finally {
      this.#release(block);
    }
  }

  #dropQueue(): void {
    for (const block of this.#queue.splice(0)) this.#release(block);
  }

  #release(block: Block): void {
    this.#pendingBytes -= block.slab.length;
    this.#free(block);
  }

  #free({ slab, isRead }: Block): void {
    this.#slabs[isRead ? "abandon" : "recycle"](slab);
  }

  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}
