import type { Readable } from "node:stream";
import {
  type Entry,
  fromRandomAccessReaderPromise,
  getFileNameLowLevel,
  RandomAccessReader,
  type ZipFile,
} from "yauzl";
import { VerdictReason } from "../../scanning/index.ts";
import { type ByteSource, streamOf } from "../content/byte-source.ts";
import type { Unpacker } from "./unpacker.ts";
import { memberSpan, type Span, unpackGaps } from "./zip-gaps.ts";

/** Gives yauzl a source to read, wherever its bytes are. */
class SourceReader extends RandomAccessReader {
  readonly #source: ByteSource;

  constructor(source: ByteSource) {
    super();
    this.#source = source;
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return streamOf(this.#source, start, end);
  }

  /** yauzl reads headers this way; no stream for each is needed. */
  override read(
    ...[buffer, offset, length, position, done]: Parameters<RandomAccessReader["read"]>
  ): void {
    const count = this.#source.readInto(buffer.subarray(offset, offset + length), position);
    queueMicrotask(() => done(count < length ? new Error("unexpected end of archive") : null));
  }
}

/** Zip and all that is a zip: OOXML, OpenDocument, jar, apk, epub … */
export const unpackZip: Unpacker = async ({ source, fileName }, sink) => {
  // Names are decoded here: yauzl would refuse the archive for a name like `../x`, which harms
  // nobody who writes no files, and would so hide its other members.
  const options = { decodeStrings: false, lazyEntries: true, autoClose: false };
  const zip = await fromRandomAccessReaderPromise(new SourceReader(source), source.size, options);
  const undecoded = new Set<string>();
  const listed: Span[] = [];
  for await (const entry of zip.eachEntry()) {
    listed.push(memberSpan(source, entry.relativeOffsetOfLocalHeader, entry.compressedSize));
    const name = nameOf(entry);
    if (name.endsWith("/") && entry.uncompressedSize === 0) continue;
    if (entry.isEncrypted()) {
      sink.budget.whole.countEntry();
      sink.cannotLookInto(VerdictReason.Encrypted, "member is encrypted", name);
    } else if (!entry.canDecodeFileData()) undecoded.add(name);
    else {
      await sink.member({
        name,
        declaredBytes: entry.uncompressedSize,
        content: contentOf(zip, entry),
      });
    }
  }
  await unpackGaps(source, listed, sink);
  if (undecoded.size > 0) {
    const { unpackWithLibarchive } = await import("./libarchive.ts");
    await unpackWithLibarchive({ source, fileName }, sink, (name) => undecoded.has(name));
  }
};

async function* contentOf(zip: ZipFile, entry: Entry): AsyncGenerator<Buffer> {
  yield* (await zip.openReadStreamPromise(entry)) as AsyncIterable<Buffer>;
}

function nameOf(entry: Entry): string {
  return getFileNameLowLevel(
    entry.generalPurposeBitFlag,
    entry.fileNameRaw,
    entry.extraFields,
    false,
  );
}
