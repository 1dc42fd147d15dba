import type { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import zlib from "node:zlib";
import { rangeOf, readContent, readHead } from "./content-reader.ts";
import type { DecodeSlots } from "./decode-slots.ts";
import type { EntityContent } from "./entity.ts";
import { ProblemReason, problem } from "./problem.ts";
import type { SpoolStore } from "./spool/spool-store.ts";
import {
  type CopyLimits,
  type CopyResult,
  CopyWriter,
  problemOfError,
} from "./spool/spooled-copy.ts";
import { ZstdFrameFinder } from "./zstd-frames.ts";

/** The content codings that can be undone. */
export type ContentCoding = "gzip" | "deflate" | "br" | "zstd";

const CODINGS: Readonly<Record<string, ContentCoding>> = {
  gzip: "gzip",
  "x-gzip": "gzip",
  deflate: "deflate",
  br: "br",
  zstd: "zstd",
};

export type ParsedEncoding =
  | { readonly ok: true; readonly codings: readonly ContentCoding[] }
  | { readonly ok: false; readonly reason: ProblemReason };

const NOT_ENCODED: ParsedEncoding = { ok: true, codings: [] };

/** Parses a Content-Encoding value (RFC 9110 §8.4) into the codings in the order they were applied. */
export function parseContentEncoding(value: string | undefined, maxLayers: number): ParsedEncoding {
  if (value === undefined || value === "") return NOT_ENCODED;
  const codings: ContentCoding[] = [];
  for (const item of value.split(",")) {
    const name = item.trim().toLowerCase();
    if (name === "" || name === "identity") continue;
    const coding = Object.hasOwn(CODINGS, name) ? CODINGS[name] : undefined;
    if (coding === undefined) return { ok: false, reason: ProblemReason.UnsupportedEncoding };
    codings.push(coding);
  }
  if (codings.length > maxLayers) return { ok: false, reason: ProblemReason.TooManyEncodings };
  return { ok: true, codings };
}

export interface DecodeParts {
  readonly store: SpoolStore;
  readonly slots: DecodeSlots;
  readonly limits: CopyLimits;
}

type Format = "gzip" | "zlib" | "raw-deflate" | "br" | "zstd";

/** The largest window that RFC 9659 allows a zstd content coding: 8 MiB. */
const ZSTD_PARAMS = { [zlib.constants.ZSTD_d_windowLogMax]: 23 };
const STREAM_CHUNK_BYTES = 64 * 1024;

/**
 * Below these sizes a body is decoded at once: about 0.15 ms at most, as long as hashing 200 KB
 * takes, while a stream costs 0.1 ms more than the decoding itself.
 */
const AT_ONCE_INPUT_BYTES = 16 * 1024;
const AT_ONCE_OUTPUT_BYTES = 64 * 1024;

/**
 * Undoes content codings, the last applied first, into a spool of its own. Streams from `content`
 * to the spool, so memory is bounded whatever the sizes are. Truncated input and bytes after its
 * end are malformed; several gzip members or zstd frames are one content. Never rejects.
 */
export async function decodeContent(
  content: EntityContent,
  codings: readonly ContentCoding[],
  parts: DecodeParts,
  signal: AbortSignal,
): Promise<CopyResult> {
  const originalBytes = lengthOf(content);
  let result: CopyResult | undefined;
  for (const coding of codings.toReversed()) {
    const input = result?.ok ? result.copy : undefined;
    const writer = new CopyWriter(
      parts.store.create(parts.limits.maxBytes),
      parts.limits,
      originalBytes,
    );
    result = await decodeLayer(input?.body.content ?? content, coding, writer, {
      slots: parts.slots,
      signal,
    });
    input?.spool.dispose();
    if (!result.ok) {
      writer.spool.dispose();
      return result;
    }
  }
  return result ?? { ok: false, problem: problem(ProblemReason.UnsupportedEncoding) };
}

async function decodeLayer(
  content: EntityContent,
  coding: ContentCoding,
  writer: CopyWriter,
  run: { readonly slots: DecodeSlots; readonly signal: AbortSignal },
): Promise<CopyResult> {
  try {
    const format = await formatOf(coding, content);
    const ranges = format === "zstd" ? await zstdFrames(content) : [content];
    const decoded =
      ranges.length === 1 ? decodeAtOnce(ranges[0] as EntityContent, format) : undefined;
    if (decoded !== undefined) await writer.write(decoded);
    else await run.slots.run(run.signal, () => decodeStreams(ranges, format, writer, run.signal));
    return await writer.finish();
  } catch (error) {
    return {
      ok: false,
      problem: problemOfError(error, run.signal, ProblemReason.MalformedEncoding),
    };
  }
}

/** HTTP's `deflate` is the zlib format (RFC 9110 §8.4.1.2); some servers send it without zlib's frame. */
async function formatOf(coding: ContentCoding, content: EntityContent): Promise<Format> {
  if (coding !== "deflate") return coding;
  const head = await readHead(content, 2);
  const isZlib =
    head.length === 2 && ((head[0] ?? 0) & 0x0f) === 8 && head.readUInt16BE(0) % 31 === 0;
  return isZlib ? "zlib" : "raw-deflate";
}

async function zstdFrames(content: EntityContent): Promise<EntityContent[]> {
  const finder = new ZstdFrameFinder();
  for await (const piece of readContent(content, { reusesBuffer: true })) finder.push(piece);
  const frames = finder.finish();
  if (frames === undefined) throw new Error("zstd content is not a sequence of whole frames");
  return frames.map((frame) => rangeOf(content, frame.offset, frame.length));
}

/** The decoded bytes of a small content; undefined when it, or what comes out of it, is not small. */
function decodeAtOnce(content: EntityContent, format: Format): Buffer | undefined {
  if (content.kind !== "memory" || content.data.length > AT_ONCE_INPUT_BYTES) return undefined;
  try {
    // `info` adds the engine to the answer, which says how much of the input it took.
    const { buffer, engine } = DECODE_AT_ONCE[format](content.data, {
      info: true,
      maxOutputLength: AT_ONCE_OUTPUT_BYTES,
    }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
    assertAllTaken(engine.bytesWritten, content.data.length);
    return buffer;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") return undefined;
    throw error;
  }
}

async function decodeStreams(
  ranges: readonly EntityContent[],
  format: Format,
  writer: CopyWriter,
  signal: AbortSignal,
): Promise<void> {
  for (const range of ranges) {
    const engine = CREATE_ENGINE[format]();
    const write = (pieces: AsyncIterable<Buffer>): Promise<void> => writer.writeAll(pieces);
    await pipeline(readContent(range, { chunkBytes: STREAM_CHUNK_BYTES }), engine, write, {
      signal,
    });
    assertAllTaken(engine.bytesWritten, lengthOf(range));
  }
}

/** node:zlib ends quietly at the end of its format, whatever follows. */
function assertAllTaken(takenBytes: number, inputBytes: number): void {
  if (takenBytes !== inputBytes) throw new Error("bytes after the end of the encoded content");
}

function lengthOf(content: EntityContent): number {
  return content.kind === "memory" ? content.data.length : content.length;
}

const CREATE_ENGINE: Readonly<Record<Format, () => Transform & { readonly bytesWritten: number }>> =
  {
    gzip: () => zlib.createGunzip({ chunkSize: STREAM_CHUNK_BYTES }),
    zlib: () => zlib.createInflate({ chunkSize: STREAM_CHUNK_BYTES }),
    "raw-deflate": () => zlib.createInflateRaw({ chunkSize: STREAM_CHUNK_BYTES }),
    br: () => zlib.createBrotliDecompress({ chunkSize: STREAM_CHUNK_BYTES }),
    zstd: () =>
      zlib.createZstdDecompress({
        chunkSize: STREAM_CHUNK_BYTES,
        params: ZSTD_PARAMS,
      }),
  };

const DECODE_AT_ONCE: Readonly<
  Record<Format, (data: Buffer, options: { info: boolean; maxOutputLength: number }) => Buffer>
> = {
  gzip: zlib.gunzipSync,
  zlib: zlib.inflateSync,
  "raw-deflate": zlib.inflateRawSync,
  br: zlib.brotliDecompressSync,
  zstd: (data, options) => zlib.zstdDecompressSync(data, { ...options, params: ZSTD_PARAMS }),
};
