import { pipeline, Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { type ByteSource, streamOf } from "../content/byte-source.ts";
import { unpackTarStream } from "./tar.ts";
import { isTar } from "./tar-header.ts";
import type { Container, MemberSink, Unpacker } from "./unpacker.ts";

const TAR_HEADER_BYTES = 512;

type Bytes = AsyncIterable<Uint8Array>;
/** Gives the decoded bytes, counted against the container as they come. */
type Decode = (source: ByteSource, sink: MemberSink) => Bytes | Promise<Bytes>;

const throughNode = (decoder: () => NodeJS.ReadWriteStream): Decode => {
  return (source, sink) =>
    // Errors reach the reader of the last stream; the callback is only there to say so.
    counted(pipeline(streamOf(source), decoder(), () => {}) as unknown as Bytes, sink);
};

const throughXz: Decode = async (source, sink) => {
  const { XzReadableStream } = (await import("xz-decompress")).default;
  const packed = Readable.toWeb(streamOf(source));
  return counted(new XzReadableStream(packed as ReadableStream<Uint8Array>), sink);
};

const throughBzip2: Decode = async (source, sink) => {
  const { decodeBzip2 } = await import("./bzip2.ts");
  return decodeBzip2(source, sink);
};

export const unpackGzip = unpackStream(throughNode(createGunzip), [".gz", ".gzip", ".tgz"]);
export const unpackZstd = unpackStream(throughNode(createZstdDecompress), [".zst", ".zstd"]);
export const unpackXz = unpackStream(throughXz, [".xz", ".txz"]);
export const unpackBzip2 = unpackStream(throughBzip2, [".bz2", ".tbz2", ".tbz"]);

/**
 * An unpacker for a format that holds one stream. A tar in it is taken apart as it comes, so that
 * its size does not matter, only that of its members.
 */
function unpackStream(decode: Decode, endings: readonly string[]): Unpacker {
  return async (container, sink) => {
    const decoded = await decode(container.source, sink);
    const { head, all } = await peek(decoded[Symbol.asyncIterator]());
    if (isTar(head)) await unpackTarStream(all, sink, true);
    else {
      const name = innerName(container, endings);
      await sink.member({ name, content: all, isCounted: true });
    }
  };
}

async function* counted(bytes: Bytes, sink: MemberSink): AsyncGenerator<Uint8Array> {
  for await (const piece of bytes) {
    sink.budget.countUnpacked(piece.length);
    yield piece;
  }
}

/** The first block, and everything including it. */
async function peek(
  bytes: AsyncIterator<Uint8Array>,
): Promise<{ head: Buffer; all: AsyncGenerator<Uint8Array> }> {
  let head = Buffer.alloc(0);
  while (head.length < TAR_HEADER_BYTES) {
    const next = await bytes.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  return { head, all: chained(head, bytes) };
}

async function* chained(head: Buffer, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield head;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) {
      yield next.value;
    }
  } finally {
    await rest.return?.();
  }
}

/** `a.txt.gz` holds `a.txt`, `a.tgz` holds `a.tar`. */
function innerName({ fileName }: Container, endings: readonly string[]): string {
  const ending = endings.find((candidate) => fileName.toLowerCase().endsWith(candidate));
  if (ending === undefined) return fileName === "" ? "content" : fileName;
  const stem = fileName.slice(0, -ending.length);
  return ending.startsWith(".t") ? `${stem}.tar` : stem;
}
