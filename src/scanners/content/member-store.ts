import { randomBytes } from "node:crypto";
import { openSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type ByteSource, FileSource, MemorySource } from "./byte-source.ts";

export interface MemberStoreOptions {
  /** Where members too large for memory go. */
  readonly directory: string;
  /** A member above this goes to a file. */
  readonly memoryBytes: number;
}

/** The disk refused; this says nothing about the content. */
export class StoreFailure extends Error {}

/**
 * Keeps the bytes of one archive member until it is judged: small ones in memory, others in a file
 * that has no name any more (or, where the system does not allow that, loses it at `close`), so
 * that nothing of hostile content is left behind and no name of an archive ever reaches the disk.
 */
export class MemberStore {
  readonly #options: MemberStoreOptions;
  #pieces: Buffer[] = [];
  #size = 0;
  #file: { readonly fd: number; readonly path: string; readonly named: boolean } | undefined;

  constructor(options: MemberStoreOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#size;
  }

  /** Keeps the piece itself, not a copy. Throws `StoreFailure` when it cannot. */
  append(piece: Buffer): void {
    this.#size += piece.length;
    try {
      if (this.#file !== undefined) writeAll(this.#file.fd, piece);
      else this.#keep(piece);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new StoreFailure(`no place for an archive member: ${why}`, { cause: error });
    }
  }

  /** What was kept. Closing it ends the store. */
  finish(): ByteSource {
    const file = this.#file;
    if (file === undefined) return new MemorySource(joined(this.#pieces, this.#size));
    return new StoredFile(file.fd, this.#size, file.named ? file.path : undefined);
  }

  #keep(piece: Buffer): void {
    this.#pieces.push(piece);
    if (this.#size > this.#options.memoryBytes) this.#spill();
  }

  #spill(): void {
    const path = join(this.#options.directory, `member-${randomBytes(12).toString("hex")}`);
    const fd = openSync(path, "wx+", 0o600);
    this.#file = { fd, path, named: !unlinked(path) };
    for (const piece of this.#pieces) writeAll(fd, piece);
    this.#pieces = [];
  }
}

class StoredFile extends FileSource {
  readonly #path: string | undefined;

  constructor(fd: number, size: number, path: string | undefined) {
    super(fd, 0, size);
    this.#path = path;
  }

  override close(): void {
    super.close();
    if (this.#path !== undefined) unlinked(this.#path);
  }
}

/** Whether the name could be taken away; Windows refuses it for an open file. */
function unlinked(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch {
    return false;
  }
}

function writeAll(fd: number, piece: Buffer): void {
  for (let done = 0; done < piece.length; ) done += writeSync(fd, piece, done);
}

function joined(pieces: readonly Buffer[], size: number): Buffer {
  const [only] = pieces;
  return pieces.length === 1 && only !== undefined ? only : Buffer.concat(pieces, size);
}
