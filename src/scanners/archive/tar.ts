import { Readable } from "node:stream";
import { extract } from "tar-stream";
import { streamOf } from "../content/byte-source.ts";
import type { MemberSink, Unpacker } from "./unpacker.ts";

const BLOCK_BYTES = 512;

/** A tar archive by itself. */
export const unpackTar: Unpacker = async ({ source }, sink) => {
  await unpackTarStream(streamOf(source), sink, false);
};

/** A tar archive as it comes out of a decompressor. */
export async function unpackTarStream(
  bytes: AsyncIterable<Uint8Array>,
  sink: MemberSink,
  isCounted: boolean,
): Promise<void> {
  const tar = extract();
  const input = Readable.from(bytes, { objectMode: false });
  input.on("error", (error) => tar.destroy(error));
  input.pipe(tar as unknown as NodeJS.WritableStream);
  try {
    for await (const entry of tar) {
      const { name, size, type } = entry.header;
      const declaredBytes = size ?? 0;
      if (declaredBytes > 0 && (type === "file" || type === "contiguous-file")) {
        await sink.member({ name, declaredBytes, content: bytesOf(entry), isCounted });
      }
      entry.resume();
    }
  } finally {
    input.destroy();
  }
}

/** What a tar member reads as; the library's own types say nothing of its pieces. */
async function* bytesOf(entry: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  yield* entry as AsyncIterable<Uint8Array>;
}

/**
 * Whether a block is the header of a tar member: by its mark, or, for archives older than the mark,
 * by its checksum.
 */
export function isTar(head: Buffer): boolean {
  if (head.length < BLOCK_BYTES) return false;
  if (head.toString("latin1", 257, 262) === "ustar") return true;
  const stated = Number.parseInt(head.toString("latin1", 148, 156).replace(/[\0 ]+/g, ""), 8);
  return stated > 0 && stated === checksum(head);
}

/** POSIX: the sum of the header's bytes, those of the checksum itself taken as spaces. */
function checksum(header: Buffer): number {
  let sum = 8 * 0x20;
  for (let at = 0; at < BLOCK_BYTES; at += 1) {
    if (at < 148 || at >= 156) sum += header[at] ?? 0;
  }
  return sum;
}
