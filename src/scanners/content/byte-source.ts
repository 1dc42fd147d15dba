import { closeSync, constants, openSync, readSync } from "node:fs";
import { Readable } from "node:stream";
import type { EntityContent } from "../../entity/index.ts";

const STREAM_CHUNK_BYTES = 64 * 1024;

/**
 * Bytes that can be read at any position, wherever they are. Reading is synchronous: this is for
 * worker threads, which have nothing else to do meanwhile.
 */
export interface ByteSource {
  readonly size: number;
  /** The bytes from `offset` on, at most `length`, fewer at the end. A view when in memory. */
  read(offset: number, length: number): Buffer;
  /** Fills `target` from `offset` on; returns how many bytes there were. */
  readInto(target: Buffer, offset: number): number;
  close(): void;
}

/** Bytes in memory; views of them are given out. */
export class MemorySource implements ByteSource {
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get size(): number {
    return this.#bytes.length;
  }

  read(offset: number, length: number): Buffer {
    return this.#bytes.subarray(offset, offset + length);
  }

  readInto(target: Buffer, offset: number): number {
    return this.#bytes.copy(target, 0, offset, offset + target.length);
  }

  close(): void {}
}

/** A range of an open file. */
export class FileSource implements ByteSource {
  readonly size: number;
  readonly #fd: number;
  readonly #start: number;
  #open = true;

  /** Takes the descriptor over: `close` closes it. */
  constructor(fd: number, start: number, size: number) {
    this.#fd = fd;
    this.#start = start;
    this.size = size;
  }

  read(offset: number, length: number): Buffer {
    const wanted = Math.max(0, Math.min(length, this.size - offset));
    const bytes = Buffer.allocUnsafe(wanted);
    return bytes.subarray(0, this.readInto(bytes, offset));
  }

  readInto(target: Buffer, offset: number): number {
    const wanted = Math.max(0, Math.min(target.length, this.size - offset));
    let done = 0;
    while (done < wanted) {
      const count = readSync(this.#fd, target, done, wanted - done, this.#start + offset + done);
      if (count === 0) throw new Error("file is shorter than the content in it");
      done += count;
    }
    return done;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.#fd);
  }
}

/** A part of another source, which stays open when this is closed. */
export class RangeSource implements ByteSource {
  readonly size: number;
  readonly #whole: ByteSource;
  readonly #start: number;

  constructor(whole: ByteSource, start: number, size: number) {
    this.#whole = whole;
    this.#start = start;
    this.size = Math.max(0, Math.min(size, whole.size - start));
  }

  read(offset: number, length: number): Buffer {
    return this.#whole.read(
      this.#start + offset,
      Math.max(0, Math.min(length, this.size - offset)),
    );
  }

  readInto(target: Buffer, offset: number): number {
    const wanted = Math.max(0, Math.min(target.length, this.size - offset));
    return this.#whole.readInto(target.subarray(0, wanted), this.#start + offset);
  }

  close(): void {}
}

/** Opens what an entity holds. Throws when its file is gone. */
export function openSource(content: EntityContent): ByteSource {
  if (content.kind === "memory") return new MemorySource(content.data);
  const fd = openSync(content.path, constants.O_RDONLY | constants.O_NOFOLLOW);
  return new FileSource(fd, content.offset, content.length);
}

/** All bytes of a source in order, piece by piece. */
export function* pieces(source: ByteSource, from = 0, to = source.size): Generator<Buffer> {
  for (let offset = from; offset < to; offset += STREAM_CHUNK_BYTES) {
    yield source.read(offset, Math.min(STREAM_CHUNK_BYTES, to - offset));
  }
}

/** The same as a Node stream, for decoders that want one. */
export function streamOf(source: ByteSource, from = 0, to = source.size): Readable {
  return Readable.from(pieces(source, from, to), { objectMode: false });
}

/**
 * Calls `use` with `length` bytes from `offset` on in one piece and frees the memory at once: large
 * buffers that wait for the garbage collector would be counted in the thread's memory meanwhile.
 */
export function withBytes<T>(
  source: ByteSource,
  range: { readonly offset: number; readonly length: number },
  use: (bytes: Buffer) => T,
): T {
  if (source instanceof MemorySource) return use(source.read(range.offset, range.length));
  const bytes = Buffer.allocUnsafeSlow(Math.max(0, range.length));
  try {
    return use(bytes.subarray(0, source.readInto(bytes, range.offset)));
  } finally {
    (bytes.buffer as ArrayBuffer).transfer(0);
  }
}
