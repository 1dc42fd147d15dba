import { type ByteSource, RangeSource } from "../content/byte-source.ts";
import { ContainerLimit, EntityLimit } from "./limits.ts";
import { isAboutContent } from "./member-reader.ts";
import type { Unpacker } from "./unpacker.ts";

/** A zip's end record and the longest comment after it. */
const ZIP_TAIL_BYTES = 22 + 65_535;
const zipEnd = Buffer.from("PK\x05\x06", "latin1");

/** Archives that self-extracting programs carry behind their code. */
const carried = ["7z\xbc\xaf\x27\x1c", "Rar!\x1a\x07", "MSCF\0\0\0\0"].map((mark) =>
  Buffer.from(mark, "latin1"),
);
const SEARCHED_BYTES = 8 * 1024 * 1024;
const MAX_TRIES = 8;

/**
 * Looks for an archive behind something that is none: self-extracting programs, pictures that are a
 * jar at their end. Marks occur by chance, so what turns out to be no archive is not held against it.
 */
export const unpackAppended: Unpacker = async ({ source, fileName }, sink) => {
  const zip = appendedZip(source);
  if (zip !== undefined) {
    const { unpackZip } = await import("./zip.ts");
    await tolerant(() => unpackZip({ source: zip, fileName }, sink));
  }
  for (const offset of carriedArchives(source)) {
    const { unpackWithLibarchive } = await import("./libarchive.ts");
    const range = new RangeSource(source, offset, source.size - offset);
    await tolerant(() => unpackWithLibarchive({ source: range, fileName }, sink));
  }
};

/** Whether it is worth looking: only a zip's end record can be looked for in everything. */
export function hasZipTail(source: ByteSource): boolean {
  return endRecordAt(source) !== undefined;
}

function endRecordAt(source: ByteSource): number | undefined {
  const from = Math.max(0, source.size - ZIP_TAIL_BYTES);
  const found = source.read(from, ZIP_TAIL_BYTES).lastIndexOf(zipEnd);
  return found < 0 || from + found + 22 > source.size ? undefined : from + found;
}

/** Offsets in a zip count from where it begins, which is what its end record lets one find out. */
function appendedZip(source: ByteSource): ByteSource | undefined {
  const end = endRecordAt(source);
  if (end === undefined) return undefined;
  const record = source.read(end, 22);
  const directoryAt = end - record.readUInt32LE(12);
  const start = directoryAt - record.readUInt32LE(16);
  if (start < 0 || source.read(directoryAt, 2).toString("latin1") !== "PK") return undefined;
  return new RangeSource(source, start, source.size - start);
}

function carriedArchives(source: ByteSource): number[] {
  const bytes = source.read(0, SEARCHED_BYTES);
  const offsets: number[] = [];
  for (const mark of carried) {
    for (let at = bytes.indexOf(mark, 1); at >= 0; at = bytes.indexOf(mark, at + 1)) {
      if (offsets.push(at) >= MAX_TRIES) return offsets;
    }
  }
  return offsets;
}

async function tolerant(unpack: () => Promise<void>): Promise<void> {
  try {
    await unpack();
  } catch (error) {
    const isLimit = error instanceof ContainerLimit || error instanceof EntityLimit;
    if (isLimit || !isAboutContent(error)) throw error;
  }
}
