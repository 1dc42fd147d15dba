import { VerdictReason } from "../../scanning/index.ts";
import type { ByteSource } from "../content/byte-source.ts";
import { UnpackFailure } from "./limits.ts";

const HEADER_BYTES = 512;
const ENTRY_BYTES = 128;
/** Sector numbers from here on are marks: free, end of chain, table. */
const FIRST_MARK = 0xfffffffa;
const NO_SECTOR = 0xffffffff;
const STREAM = 2;
const ROOT = 5;

/** A stream of a compound file. */
export interface CompoundStream {
  /** Without the storages around it; control characters as they are (`\x01Ole10Native`). */
  readonly name: string;
  readonly size: number;
  /** Its bytes, sector by sector. Throws when its chain leads astray. */
  readonly content: Iterable<Buffer>;
}

/**
 * Reads compound files ([MS-CFB], "OLE"): old Office documents, VBA projects, MSI packages, Outlook
 * messages. All streams are given, also those that no directory leads to. Nothing but the allocation
 * table is kept in memory, and no chain is followed further than there are sectors.
 */
export class CompoundFile {
  readonly #source: ByteSource;
  readonly #header: Buffer;
  readonly #sectorBytes: number;
  readonly #miniSectorBytes: number;
  readonly #cutoffBytes: number;
  readonly #table: Uint32Array;
  readonly #entries: readonly DirectoryEntry[];

  /** Throws `UnpackFailure` when the file is none. */
  constructor(source: ByteSource) {
    this.#source = source;
    this.#header = source.read(0, HEADER_BYTES);
    if (this.#header.length < HEADER_BYTES) throw broken("header is cut off");
    this.#sectorBytes = 1 << shiftAt(this.#header, 30, [9, 12]);
    this.#miniSectorBytes = 1 << shiftAt(this.#header, 32, [6]);
    this.#cutoffBytes = this.#header.readUInt32LE(56);
    this.#table = this.#readTable();
    this.#entries = [...this.#readDirectory()];
  }

  *streams(): Generator<CompoundStream> {
    for (const { name, kind, start, size } of this.#entries) {
      if (kind !== STREAM || size === 0) continue;
      const isMini = size < this.#cutoffBytes;
      const content = isMini ? this.#miniContent(start, size) : this.#content(start, size);
      yield { name, size, content };
    }
  }

  #sectorCount(): number {
    return Math.ceil(this.#source.size / this.#sectorBytes);
  }

  /** The allocation table: for each sector the one that follows it. */
  #readTable(): Uint32Array {
    const perSector = this.#sectorBytes / 4;
    const sectors = this.#tableSectors();
    const table = new Uint32Array(sectors.length * perSector).fill(NO_SECTOR);
    for (const [index, sector] of sectors.entries()) {
      const bytes = this.#sector(sector);
      for (let at = 0; at + 4 <= bytes.length; at += 4) {
        table[index * perSector + at / 4] = bytes.readUInt32LE(at);
      }
    }
    return table;
  }

  /** Where the table is: 109 places in the header, the rest in sectors chained by their last entry. */
  #tableSectors(): number[] {
    const most = Math.ceil(this.#sectorCount() / (this.#sectorBytes / 4)) + 1;
    const sectors = sectorsIn(this.#header.subarray(76));
    let next = this.#header.readUInt32LE(68);
    for (let steps = 0; next < FIRST_MARK && steps < most && sectors.length < most; steps += 1) {
      const bytes = this.#sector(next);
      if (bytes.length < this.#sectorBytes) break;
      sectors.push(...sectorsIn(bytes.subarray(0, -4)));
      next = bytes.readUInt32LE(bytes.length - 4);
    }
    return sectors.slice(0, most);
  }

  *#readDirectory(): Generator<DirectoryEntry> {
    for (const sector of this.#chain(this.#header.readUInt32LE(48))) {
      const bytes = this.#sector(sector);
      for (let at = 0; at + ENTRY_BYTES <= bytes.length; at += ENTRY_BYTES) {
        yield directoryEntry(bytes.subarray(at, at + ENTRY_BYTES));
      }
    }
  }

  *#chain(start: number): Generator<number> {
    const most = this.#sectorCount();
    let sector = start;
    for (let steps = 0; sector < FIRST_MARK; steps += 1) {
      if (steps > most || sector >= most) throw broken("a chain of sectors leads astray");
      yield sector;
      sector = this.#table[sector] ?? NO_SECTOR;
    }
  }

  #sector(number: number): Buffer {
    return this.#source.read((number + 1) * this.#sectorBytes, this.#sectorBytes);
  }

  *#content(start: number, size: number): Generator<Buffer> {
    let left = size;
    for (const sector of this.#chain(start)) {
      if (left <= 0) return;
      yield this.#sector(sector).subarray(0, left);
      left -= this.#sectorBytes;
    }
    if (left > 0) throw broken("a stream is cut off");
  }

  /** Small streams share the root's stream, in small sectors with a table of their own. */
  *#miniContent(start: number, size: number): Generator<Buffer> {
    const { sectors, table } = this.#mini();
    const perSector = this.#sectorBytes / this.#miniSectorBytes;
    let left = size;
    let mini = start;
    while (left > 0) {
      const sector = sectors[Math.floor(mini / perSector)];
      if (mini >= FIRST_MARK || sector === undefined) throw broken("a small stream is cut off");
      const from = (mini % perSector) * this.#miniSectorBytes;
      const length = Math.min(left, this.#miniSectorBytes);
      yield this.#sector(sector).subarray(from, from + length);
      left -= this.#miniSectorBytes;
      mini = table[mini] ?? NO_SECTOR;
    }
  }

  #miniParts: { readonly sectors: readonly number[]; readonly table: Uint32Array } | undefined;

  #mini(): { readonly sectors: readonly number[]; readonly table: Uint32Array } {
    if (this.#miniParts !== undefined) return this.#miniParts;
    const root = this.#entries.find((entry) => entry.kind === ROOT);
    const sectors = root === undefined ? [] : [...this.#chain(root.start)];
    const numbers: number[] = [];
    for (const sector of this.#chain(this.#header.readUInt32LE(60))) {
      const bytes = this.#sector(sector);
      for (let at = 0; at + 4 <= bytes.length; at += 4) numbers.push(bytes.readUInt32LE(at));
    }
    this.#miniParts = { sectors, table: Uint32Array.from(numbers) };
    return this.#miniParts;
  }
}

interface DirectoryEntry {
  readonly name: string;
  readonly kind: number;
  readonly start: number;
  readonly size: number;
}

function directoryEntry(bytes: Buffer): DirectoryEntry {
  const nameBytes = Math.min(64, Math.max(2, bytes.readUInt16LE(64)));
  return {
    name: bytes.toString("utf16le", 0, nameBytes - 2),
    kind: bytes[66] ?? 0,
    start: bytes.readUInt32LE(116),
    // The upper half is for files above 2 GiB and holds rubbish in those of old writers.
    size: bytes.readUInt32LE(120),
  };
}

function sectorsIn(bytes: Buffer): number[] {
  const sectors: number[] = [];
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const sector = bytes.readUInt32LE(at);
    if (sector < FIRST_MARK) sectors.push(sector);
  }
  return sectors;
}

function shiftAt(header: Buffer, offset: number, allowed: readonly number[]): number {
  const shift = header.readUInt16LE(offset);
  if (!allowed.includes(shift)) throw broken(`sectors of 2^${shift} bytes`);
  return shift;
}

function broken(message: string): UnpackFailure {
  return new UnpackFailure(VerdictReason.Malformed, `compound file: ${message}`);
}
