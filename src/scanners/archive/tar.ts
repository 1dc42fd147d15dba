import { Readable } from "node:stream";
import { extract } from "tar-stream";
import { streamOf } from "../content/byte-source.ts";
import type { MemberSink, Unpacker } from "./unpacker.ts";

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
