import { pipeline, type Readable } from "node:stream";
import { createInflateRaw } from "node:zlib";
import { type ByteSource, pieces, RangeSource, streamOf } from "../content/byte-source.ts";
import type { MemberSink } from "./unpacker.ts";

const LOCAL_HEADER_BYTES = 30;
const STORED = 0;
const DEFLATED = 8;
const SEARCHED_BYTES = 64 * 1024 * 1024;

const localHeader = Buffer.from("PK\x03\x04", "latin1");

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** The part of the archive that a member with its local header takes. */
export function memberSpan(source: ByteSource, headerAt: number, packedBytes: number): Span {
  const header = source.read(headerAt, LOCAL_HEADER_BYTES);
  const variable =
    header.length < LOCAL_HEADER_BYTES ? 0 : header.readUInt16LE(26) + header.readUInt16LE(28);
  return { from: headerAt, to: headerAt + LOCAL_HEADER_BYTES + variable + packedBytes };
}

/**
 * Members that the directory of a zip does not list. Programs that unpack a zip while it arrives
 * never see the directory and do see these; that difference is used to hide things.
 */
export async function unpackGaps(
  source: ByteSource,
  listed: readonly Span[],
  sink: MemberSink,
): Promise<void> {
  for (const gap of gapsBetween(listed, source.size)) {
    const bytes = source.read(gap.from, Math.min(gap.to - gap.from, SEARCHED_BYTES));
    for (let at = bytes.indexOf(localHeader); at >= 0; at = bytes.indexOf(localHeader, at + 1)) {
      sink.budget.whole.checkTime();
      await unpackUnlisted(new RangeSource(source, gap.from + at, source.size), sink);
    }
  }
}

function gapsBetween(listed: readonly Span[], size: number): Span[] {
  const gaps: Span[] = [];
  let covered = 0;
  for (const { from, to } of listed.toSorted((a, b) => a.from - b.from)) {
    if (from - covered > LOCAL_HEADER_BYTES) gaps.push({ from: covered, to: from });
    covered = Math.max(covered, to);
  }
  if (size - covered > LOCAL_HEADER_BYTES) gaps.push({ from: covered, to: size });
  return gaps;
}

async function unpackUnlisted(source: ByteSource, sink: MemberSink): Promise<void> {
  const header = source.read(0, LOCAL_HEADER_BYTES);
  if (header.length < LOCAL_HEADER_BYTES) return;
  const method = header.readUInt16LE(8);
  const nameBytes = header.readUInt16LE(26);
  const name = source.read(LOCAL_HEADER_BYTES, nameBytes).toString("utf8");
  const start = LOCAL_HEADER_BYTES + nameBytes + header.readUInt16LE(28);
  if (method === STORED) {
    await sink.member({ name, content: pieces(source, start, start + header.readUInt32LE(18)) });
  } else if (method === DEFLATED) await sink.member({ name, content: inflated(source, start) });
}

/** As far as it goes: that it breaks off means that it was no member. */
async function* inflated(source: ByteSource, start: number): AsyncGenerator<Uint8Array> {
  const decoder: Readable = pipeline(streamOf(source, start), createInflateRaw(), () => {});
  try {
    yield* decoder as AsyncIterable<Uint8Array>;
  } catch {
    // A mark by chance, or a member on purpose broken: what came before counts.
  }
}
