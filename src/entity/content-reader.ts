import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { EntityContent } from "./entity.ts";

const READ_BYTES = 64 * 1024;

export interface ReadOptions {
  /** Largest piece. Default: 64 KiB from a file, everything at once from memory. */
  readonly chunkBytes?: number;
  /**
   * Read every piece of a file into the same buffer. Only for a reader that is done with a piece
   * before it asks for the next one.
   */
  readonly reusesBuffer?: boolean;
}

/**
 * The bytes of a content in order, read as fast as they are asked for. Pieces of memory are views.
 * Rejects when the file cannot be read or is gone (its spool was disposed).
 *
 * @example
 * for await (const piece of readContent(entity.content)) hasher.update(piece);
 */
export async function* readContent(
  content: EntityContent,
  options: ReadOptions = {},
): AsyncGenerator<Buffer, void, undefined> {
  if (content.kind === "memory") {
    const step = options.chunkBytes ?? Math.max(content.data.length, 1);
    for (let from = 0; from < content.data.length; from += step) {
      yield content.data.subarray(from, from + step);
    }
    return;
  }
  const chunkBytes = Math.min(options.chunkBytes ?? READ_BYTES, content.length);
  const handle = await open(content.path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    let buffer: Buffer | undefined;
    for (let done = 0; done < content.length; ) {
      if (buffer === undefined || options.reusesBuffer !== true) {
        buffer = Buffer.allocUnsafeSlow(chunkBytes);
      }
      const wanted = Math.min(chunkBytes, content.length - done);
      const { bytesRead } = await handle.read(buffer, 0, wanted, content.offset + done);
      if (bytesRead === 0) throw new Error("spool file is shorter than the content in it");
      done += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await handle.close();
  }
}

/** A part of a content, without a copy. */
export function rangeOf(content: EntityContent, offset: number, length: number): EntityContent {
  if (content.kind === "memory") {
    return { kind: "memory", data: content.data.subarray(offset, offset + length) };
  }
  return { kind: "file", path: content.path, offset: content.offset + offset, length };
}

/** The first `maxBytes` of a content, or all of it when it is shorter. */
export async function readHead(content: EntityContent, maxBytes: number): Promise<Buffer> {
  if (content.kind === "memory") return content.data.subarray(0, maxBytes);
  const length = Math.min(content.length, maxBytes);
  const pieces: Buffer[] = [];
  for await (const piece of readContent({ ...content, length })) pieces.push(piece);
  return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces, length);
}
