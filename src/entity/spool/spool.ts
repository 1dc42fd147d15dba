import { createHash, type Hash, hash } from "node:crypto";
import { type Arrived, type ArrivingBody, readArriving } from "../arriving-body.ts";
import { readContent } from "../content-reader.ts";
import { type EntityContent, HEAD_BYTES, type KeptBody } from "../entity.ts";
import type { SlabPool } from "./slab-pool.ts";
import type { SpoolBudget } from "./spool-budget.ts";
import { type SpoolFailure, SpoolFailureKind } from "./spool-failure.ts";
import { SpoolFile } from "./spool-file.ts";

/** What became of the bytes given to `append`. */
export const AppendResult = {
  /** Kept; more may come. */
  More: "more",
  /** Kept; stop reading until `onDrain` is called. */
  Pause: "pause",
  /** Not kept, nor will any later ones be; `failure` says why. */
  Refused: "refused",
} as const;
export type AppendResult = (typeof AppendResult)[keyof typeof AppendResult];

export type FinishResult =
  | { readonly ok: true; readonly body: KeptBody }
  | { readonly ok: false; readonly failure: SpoolFailure };

export interface SpoolParts {
  readonly budget: SpoolBudget;
  readonly slabs: SlabPool;
  /** The body goes to a file when it grows above this. */
  readonly memoryBytes: number;
  /** Bytes that may wait for the disk before `append` asks for a pause. */
  readonly maxPendingBytes: number;
  readonly maxBytes: number;
  /** Called once, when the body needs a file; no file is made before the first write. */
  readonly newFilePath: () => string;
}

const FILE_BLOCK_BYTES = 64 * 1024;
const NO_BYTES = Buffer.alloc(0);

/**
 * Keeps one body: in memory up to a bound, then in a temporary file.
 *
 * Contract: `append` copies, so the caller may reuse its buffer at once; it takes all the bytes it
 * is given or none. After `pause` the caller stops reading until `onDrain`, which always comes,
 * also when the disk fails. `finish` (or `finishInMemory`) is called once, after the last byte;
 * `dispose` or `recycle` always, whatever happened. Nothing here throws for what a sender does or
 * what the disk answers: that is `failure`.
 */
export class Spool {
  /** Called, never from inside `append`, when reading may go on after a `pause`. */
  onDrain: () => void = () => {};
  readonly #parts: SpoolParts;
  #size = 0;
  #slab: Buffer | undefined;
  #file: SpoolFile | undefined;
  #hash: Hash | undefined;
  /** The part of the file that is still being filled. */
  #tail: Buffer | undefined;
  #tailBytes = 0;
  #diskBytes = 0;
  #paused = false;
  #ended = false;
  #disposed = false;
  #failure: SpoolFailure | undefined;
  #holds = 0;
  /** Ended while somebody held the content. */
  #isLeftToHolders = false;
  /** Somebody reads while it grows: memory that he may look at is given up, not used again. */
  #isRead = false;
  /** All of the body is here. */
  #isWhole = false;
  readonly #waiting: (() => void)[] = [];

  constructor(parts: SpoolParts) {
    this.#parts = parts;
  }

  /** Bytes kept so far. */
  get size(): number {
    return this.#size;
  }

  get failure(): SpoolFailure | undefined {
    return this.#failure ?? this.#file?.failure;
  }

  get inMemory(): boolean {
    return this.#file === undefined;
  }

  /**
   * A view of the bytes kept so far, such as a preview, valid until the next `append`; undefined
   * when they are in a file.
   */
  get memoryView(): Buffer | undefined {
    if (this.#file !== undefined) return undefined;
    return this.#slab === undefined ? NO_BYTES : this.#slab.subarray(0, this.#size);
  }

  append(source: Buffer, start: number, end: number): AppendResult {
    if (this.#ended) throw new Error("append to a spool that has ended");
    if (this.failure !== undefined) return AppendResult.Refused;
    const bytes = end - start;
    if (bytes > this.#parts.maxBytes - this.#size) {
      return this.#refuse(SpoolFailureKind.Oversize);
    }
    if (this.#file === undefined) {
      if (this.#reserveSlab(bytes)) {
        if (bytes > 0) source.copy(this.#slab as Buffer, this.#size, start, end);
        this.#size += bytes;
        this.#wake();
        return AppendResult.More;
      }
      if (!this.#takeDisk(this.#size + bytes)) return this.#refuse(SpoolFailureKind.SpoolFull);
      this.#moveToFile();
    } else if (!this.#takeDisk(bytes)) {
      return this.#refuse(SpoolFailureKind.SpoolFull);
    }
    return this.#appendToFile(source, start, end);
  }

  /** Ends a body that is in memory, without a promise; undefined when it is not, or has failed. */
  finishInMemory(): KeptBody | undefined {
    const data = this.memoryView;
    if (data === undefined || this.#failure !== undefined) return undefined;
    this.#endWhole();
    return {
      content: { kind: "memory", data },
      size: this.#size,
      sha256: hash("sha256", data, "hex"),
      head: data.length > HEAD_BYTES ? data.subarray(0, HEAD_BYTES) : data,
    };
  }

  /** Ends the body: waits for the disk, closes the file. Never rejects. */
  async finish(): Promise<FinishResult> {
    const body = this.finishInMemory();
    if (body !== undefined) return { ok: true, body };
    this.#ended = true;
    if (this.#failure !== undefined) return { ok: false, failure: this.#failure };
    const file = this.#file as SpoolFile;
    this.#writeTail(file);
    this.#endWhole();
    const head = await file.seal();
    if (!Buffer.isBuffer(head)) return { ok: false, failure: head };
    const sha256 = (this.#hash as Hash).digest("hex");
    return { ok: true, body: { content: this.#fileContent(file), size: this.#size, sha256, head } };
  }

  /**
   * The bytes kept so far, in pieces of at most 64 KiB from a file and as one Buffer from memory;
   * also after `oversize`. Throws when the disk has failed. `append` must not be called meanwhile.
   */
  async *replay(): AsyncGenerator<Buffer, void, undefined> {
    const file = this.#file;
    if (file === undefined) {
      if (this.#slab !== undefined) yield this.#slab.subarray(0, this.#size);
      return;
    }
    this.#writeTail(file);
    await file.settled();
    if (file.failure !== undefined) {
      throw new Error("spool file cannot be replayed", { cause: file.failure.cause });
    }
    yield* readContent(this.#fileContent(file));
  }

  /** The body as it is so far and will be, for readers that do not wait for its end. */
  arriving(): ArrivingBody {
    this.#isRead = true;
    const head = Buffer.from(this.memoryView?.subarray(0, HEAD_BYTES) ?? NO_BYTES);
    const retain = (): (() => void) => this.retain();
    return { head, retain, read: () => readArriving((from) => this.#arrived(from), this.#more) };
  }

  /**
   * Keeps the content valid until the function that it returns is called (again is harmless), also
   * when the spool has been ended before: then the last one to let go disposes of it. Until then it
   * counts in the budget.
   */
  retain(): () => void {
    this.#holds += 1;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holds -= 1;
      if (this.#holds === 0 && this.#isLeftToHolders) this.dispose();
    };
  }

  /** Ends the spool: its file goes, its share of the budget is free. Safe to call at any time. */
  dispose(): void {
    this.#release((slab) => this.#parts.slabs.abandon(slab));
  }

  /**
   * As `dispose`, and the body's memory is used again at once. Only for a caller who knows that
   * nobody reads the content any more: every scan of it has settled, every write of it is done; who
   * retains it is known here. When in doubt (a scan timed out), `dispose`.
   */
  recycle(): void {
    this.#release((slab) => this.#free(slab));
  }

  /** What a reader of the growing body finds behind `from`. */
  #arrived(from: number): Arrived {
    const { failure } = this;
    const isOver = this.#disposed || (this.#ended && !this.#isWhole);
    if (failure !== undefined || isOver) return { kind: "broken", cause: failure?.cause };
    const file = this.#file;
    if (this.#isWhole && from === this.#size) return { kind: "end" };
    if (file !== undefined) {
      const { path, writtenBytes } = file;
      return writtenBytes > from ? { kind: "file", path, end: writtenBytes } : { kind: "nothing" };
    }
    if (this.#size === from) return { kind: "nothing" };
    return { kind: "memory", bytes: (this.#slab as Buffer).subarray(from, this.#size) };
  }

  /** Resolves when there may be more. */
  readonly #more = (): Promise<void> => new Promise((resolve) => this.#waiting.push(resolve));

  #wake(): void {
    if (this.#waiting.length === 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #endWhole(): void {
    this.#ended = true;
    this.#isWhole = true;
    this.#wake();
  }

  /** Gives memory back that a reader of the growing body may have been shown. */
  #free(slab: Buffer): void {
    this.#parts.slabs[this.#isRead ? "abandon" : "recycle"](slab);
  }

  #release(free: (slab: Buffer) => void): void {
    if (this.#disposed) return;
    this.#ended = true;
    this.#wake();
    this.#isLeftToHolders = this.#holds > 0;
    if (this.#isLeftToHolders) return;
    this.#disposed = true;
    this.#wake();
    if (this.#slab !== undefined) free(this.#slab);
    this.#slab = undefined;
    if (this.#tail !== undefined) this.#parts.slabs.recycle(this.#tail);
    this.#tail = undefined;
    const file = this.#file;
    if (file === undefined) return;
    void file.discard().then(() => this.#parts.budget.returnDisk(this.#diskBytes));
  }

  /** Room for `bytes` more in memory; false when the body has to go to a file. */
  #reserveSlab(bytes: number): boolean {
    const needed = this.#size + bytes;
    const old = this.#slab;
    if (needed <= (old?.length ?? 0)) return true;
    if (needed > this.#parts.memoryBytes) return false;
    const slab = this.#parts.slabs.take(needed);
    if (slab === undefined) return false;
    this.#slab = slab;
    if (old === undefined) return true;
    old.copy(slab, 0, 0, this.#size);
    this.#free(old);
    return true;
  }

  #moveToFile(): void {
    const file = new SpoolFile(this.#parts.newFilePath(), this.#parts.slabs);
    file.onProgress = () => this.#onProgress(file);
    this.#file = file;
    this.#hash = createHash("sha256");
    const slab = this.#slab;
    this.#slab = undefined;
    if (slab !== undefined) this.#write(file, slab, this.#size, this.#isRead);
  }

  #appendToFile(source: Buffer, start: number, end: number): AppendResult {
    const file = this.#file as SpoolFile;
    for (let from = start; from < end; ) {
      this.#tail ??= this.#parts.slabs.force(Math.min(end - from, FILE_BLOCK_BYTES));
      const bytes = Math.min(end - from, this.#tail.length - this.#tailBytes);
      source.copy(this.#tail, this.#tailBytes, from, from + bytes);
      this.#tailBytes += bytes;
      from += bytes;
      if (this.#tailBytes === this.#tail.length) this.#writeTail(file);
    }
    this.#size += end - start;
    if (file.idle) this.#writeTail(file);
    this.#paused ||= this.#mustPause(file);
    return this.#paused ? AppendResult.Pause : AppendResult.More;
  }

  #mustPause(file: SpoolFile): boolean {
    if (file.pendingBytes === 0) return false;
    return file.pendingBytes >= this.#parts.maxPendingBytes || this.#parts.budget.memoryExhausted;
  }

  #writeTail(file: SpoolFile): void {
    const tail = this.#tail;
    if (tail === undefined) return;
    this.#tail = undefined;
    this.#write(file, tail, this.#tailBytes);
    this.#tailBytes = 0;
  }

  #write(file: SpoolFile, slab: Buffer, length: number, isRead = false): void {
    this.#hash?.update(slab.subarray(0, length));
    file.write({ slab, length, isRead });
  }

  #onProgress(file: SpoolFile): void {
    this.#wake();
    if (file.idle && !this.#disposed) this.#writeTail(file);
    const drained = file.pendingBytes <= this.#parts.maxPendingBytes / 4;
    if (!this.#paused || !(drained || file.failure !== undefined)) return;
    this.#paused = false;
    if (!this.#disposed) this.onDrain();
  }

  #refuse(kind: SpoolFailureKind): AppendResult {
    this.#failure = { kind };
    this.#wake();
    return AppendResult.Refused;
  }

  #takeDisk(bytes: number): boolean {
    if (!this.#parts.budget.takeDisk(bytes)) return false;
    this.#diskBytes += bytes;
    return true;
  }

  #fileContent(file: SpoolFile): EntityContent {
    return { kind: "file", path: file.path, offset: 0, length: this.#size };
  }
}
