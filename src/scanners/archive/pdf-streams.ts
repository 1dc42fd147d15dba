import { pipeline } from "node:stream";
import { constants, createInflate, inflateSync } from "node:zlib";
import { type ByteSource, MemorySource, streamOf } from "../content/byte-source.ts";
import type { PdfDecryption, PdfObjectId } from "./pdf-encryption.ts";

const KiB = 1024;

/** The file is searched in pieces; each begins with the end of the one before. */
const WINDOW_BYTES = KiB * KiB;
/** How far before its stream a dictionary may begin. */
const DICTIONARY_BYTES = 4 * KiB;
/** Enough packed bytes for what most streams hold. */
const PACKED_BYTES = 64 * KiB;
/** Streams in a text encoding are decoded in memory, as far as this. */
const MAX_ENCODED_BYTES = 4 * KiB * KiB;

const keyword = Buffer.from("stream");
const endKeyword = Buffer.from("endstream");

/** A stream of a PDF: where its bytes begin and what its dictionary says of them. */
export interface PdfStream {
  readonly offset: number;
  /** Names of the dictionary with their escapes undone. */
  readonly dictionary: string;
  readonly filters: readonly string[];
  readonly id: PdfObjectId;
}

/**
 * Every stream of a document, in the order of the file. The cross-reference table, which malicious
 * documents break on purpose, is not needed.
 */
export function* pdfStreams(source: ByteSource): Generator<PdfStream> {
  for (let start = 0; start < source.size; start += WINDOW_BYTES) {
    const from = Math.max(0, start - DICTIONARY_BYTES);
    const window = source.read(from, start - from + WINDOW_BYTES + 2 * keyword.length);
    const end = start - from + WINDOW_BYTES;
    for (let at = window.indexOf(keyword); at >= 0; at = window.indexOf(keyword, at + 1)) {
      if (from + at < start) continue;
      if (at >= end) break;
      const data = dataStart(window, at);
      if (data !== undefined) yield { offset: from + data, ...described(window, at) };
    }
  }
}

/** Where the bytes after a keyword begin; undefined when it is no keyword that begins a stream. */
function dataStart(window: Buffer, at: number): number | undefined {
  if (window.toString("latin1", Math.max(0, at - 3), at) === "end") return undefined;
  const after = at + keyword.length;
  if (window[after] === 0x0a) return after + 1;
  if (window[after] !== 0x0d) return undefined;
  return window[after + 1] === 0x0a ? after + 2 : after + 1;
}

function described(window: Buffer, at: number): Omit<PdfStream, "offset"> {
  const before = window.toString("latin1", Math.max(0, at - DICTIONARY_BYTES), at);
  const objectAt = Math.max(0, before.lastIndexOf("obj"));
  const [, number, generation] = /(\d+)\s+(\d+)\s+$/.exec(before.slice(0, objectAt)) ?? [];
  const dictionary = before
    .slice(objectAt)
    .replace(/#([0-9a-f]{2})/gi, (_all, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  const [, list = ""] = /\/F(?:ilter)?\s*(\[[^\]]*\]|\/\w+)/.exec(dictionary) ?? [];
  return {
    dictionary,
    filters: list.match(/\w+/g) ?? [],
    id: { number: Number(number ?? 0), generation: Number(generation ?? 0) },
  };
}

export interface DecodeOptions {
  readonly maxBytes: number;
  readonly decrypt: PdfDecryption | undefined;
}

/**
 * The bytes of a stream with its filters undone, at most `maxBytes`; as far as it goes when it is
 * broken. Undefined when it has a filter that is not known here: pictures and old compressions.
 */
export async function decodedStream(
  source: ByteSource,
  stream: PdfStream,
  options: DecodeOptions,
): Promise<Buffer | undefined> {
  const { maxBytes, decrypt } = options;
  if (decrypt === undefined || /\/XRef\b/.test(stream.dictionary)) {
    return unfiltered(source, stream, maxBytes);
  }
  const plain = decrypt(rawStream(source, stream.offset, maxBytes), stream.id);
  return unfiltered(new MemorySource(plain), { ...stream, offset: 0 }, maxBytes);
}

async function unfiltered(
  source: ByteSource,
  { offset, filters }: PdfStream,
  maxBytes: number,
): Promise<Buffer | undefined> {
  const [filter, ...others] = filters;
  if (filter === undefined) return rawStream(source, offset, maxBytes);
  if (isFlate(filter)) return others.length === 0 ? inflated(source, offset, maxBytes) : undefined;
  const decode = textFilters[filter];
  if (decode === undefined) return undefined;
  const decoded = decode(rawStream(source, offset, MAX_ENCODED_BYTES).toString("latin1"));
  if (others.length === 0) return decoded.subarray(0, maxBytes);
  return others.length === 1 && isFlate(others[0]) ? inflatedAtOnce(decoded, maxBytes) : undefined;
}

function isFlate(filter: string | undefined): boolean {
  return filter === "FlateDecode" || filter === "Fl";
}

const textFilters: Readonly<Record<string, (text: string) => Buffer>> = {
  ASCIIHexDecode: fromHex,
  AHx: fromHex,
  ASCII85Decode: fromAscii85,
  A85: fromAscii85,
};

/** Up to the keyword that ends it: the stated length is one more thing that may be a lie. */
function rawStream(source: ByteSource, offset: number, maxBytes: number): Buffer {
  let bytes: Buffer = Buffer.alloc(0);
  let end = -1;
  for (let length = PACKED_BYTES; end < 0; length *= 2) {
    bytes = source.read(offset, Math.min(length, maxBytes));
    end = bytes.indexOf(endKeyword);
    if (bytes.length < length) break;
  }
  return end < 0 ? bytes : bytes.subarray(0, end - lineEndBytes(bytes, end));
}

/** The line end before the keyword is none of the stream's bytes. */
function lineEndBytes(bytes: Buffer, end: number): number {
  if (bytes[end - 1] === 0x0d) return 1;
  if (bytes[end - 1] !== 0x0a) return 0;
  return bytes[end - 2] === 0x0d ? 2 : 1;
}

async function inflated(source: ByteSource, offset: number, maxBytes: number): Promise<Buffer> {
  const start = inflatedAtOnce(source.read(offset, PACKED_BYTES), maxBytes);
  if (start !== undefined && start.length < PACKED_BYTES) return start;
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    const decoder = pipeline(streamOf(source, offset), createInflate(), () => {});
    for await (const piece of decoder as AsyncIterable<Buffer>) {
      pieces.push(piece);
      length += piece.length;
      if (length >= maxBytes) break;
    }
  } catch {
    // Readers show what came before the error, and so does this.
  }
  return Buffer.concat(pieces, Math.min(length, maxBytes));
}

/** Undefined when it is broken or longer than that. */
function inflatedAtOnce(packed: Buffer, maxBytes: number): Buffer | undefined {
  try {
    const finishFlush = constants.Z_SYNC_FLUSH;
    return inflateSync(packed, { finishFlush, maxOutputLength: maxBytes });
  } catch {
    return undefined;
  }
}

function fromHex(text: string): Buffer {
  return Buffer.from((text.split(">", 1)[0] ?? "").replace(/\s+/g, ""), "hex");
}

/** Groups of five letters from `!` are four bytes; `z` is four zeros. */
function fromAscii85(text: string): Buffer {
  const letters = (text.split("~>", 1)[0] ?? "").replace(/\s+/g, "").replaceAll("z", "!!!!!");
  const output = Buffer.alloc(Math.ceil(letters.length / 5) * 4);
  for (let at = 0; at < letters.length; at += 5) {
    let value = 0;
    for (let letter = 0; letter < 5; letter += 1) {
      value = value * 85 + ((letters.charCodeAt(at + letter) || 0x75) - 0x21);
    }
    output.writeUInt32BE(value % 2 ** 32, (at / 5) * 4);
  }
  const missing = (5 - (letters.length % 5)) % 5;
  return output.subarray(0, output.length - missing);
}
