import { deflateSync } from "node:zlib";

const SECTOR_BYTES = 512;
const MINI_SECTOR_BYTES = 64;
const MINI_CUTOFF_BYTES = 4096;
const PLACES_IN_HEADER = 109;
const END = 0xfffffffe;
const FREE = 0xffffffff;

export interface OleStream {
  readonly name: string;
  readonly content: Buffer;
}

/** A compound file with these streams, small ones where small ones are kept. */
export function oleOf(...streams: readonly OleStream[]): Buffer {
  const sectors: Buffer[] = [];
  const table: number[] = [];
  const store = (content: Buffer): number => {
    const start = sectors.length;
    for (let at = 0; at < content.length; at += SECTOR_BYTES) {
      const sector = Buffer.alloc(SECTOR_BYTES);
      content.copy(sector, 0, at);
      sectors.push(sector);
      table.push(at + SECTOR_BYTES < content.length ? sectors.length : END);
    }
    return content.length === 0 ? END : start;
  };
  const mini: Buffer[] = [];
  const miniTable: number[] = [];
  const storeMini = (content: Buffer): number => {
    const start = mini.length;
    for (let at = 0; at < content.length; at += MINI_SECTOR_BYTES) {
      const sector = Buffer.alloc(MINI_SECTOR_BYTES);
      content.copy(sector, 0, at);
      mini.push(sector);
      miniTable.push(at + MINI_SECTOR_BYTES < content.length ? mini.length : END);
    }
    return start;
  };
  const entries = streams.map(({ name, content }) => {
    const start = content.length < MINI_CUTOFF_BYTES ? storeMini(content) : store(content);
    return directoryEntry(name, 2, start, content.length);
  });
  const miniStream = Buffer.concat(mini);
  const root = directoryEntry("Root Entry", 5, store(miniStream), miniStream.length);
  const miniTableStart = store(numbers(miniTable, MINI_SECTOR_BYTES));
  const directoryStart = store(Buffer.concat([root, ...entries]));
  const tableSectors = Math.ceil((table.length + 16) / (SECTOR_BYTES / 4 - 2));
  const tableStart = sectors.length;
  const places = Array.from({ length: tableSectors }, (_, index) => tableStart + index);
  const placesStart = tableStart + tableSectors;
  const more = placesInSectors(places.slice(PLACES_IN_HEADER), placesStart);
  table.push(...places.map(() => 0xfffffffd), ...more.map(() => 0xfffffffc));
  const header = Buffer.alloc(SECTOR_BYTES);
  Buffer.from("d0cf11e0a1b11ae1", "hex").copy(header);
  header.writeUInt16LE(3, 26);
  header.writeUInt16LE(0xfffe, 28);
  header.writeUInt16LE(9, 30);
  header.writeUInt16LE(6, 32);
  header.writeUInt32LE(tableSectors, 44);
  header.writeUInt32LE(directoryStart, 48);
  header.writeUInt32LE(MINI_CUTOFF_BYTES, 56);
  header.writeUInt32LE(miniTable.length === 0 ? END : miniTableStart, 60);
  header.writeUInt32LE(more.length === 0 ? END : placesStart, 68);
  header.writeUInt32LE(more.length, 72);
  numbers(places.slice(0, PLACES_IN_HEADER), PLACES_IN_HEADER * 4).copy(header, 76);
  return Buffer.concat([
    ...[header, ...sectors, numbers(table, tableSectors * SECTOR_BYTES), ...more],
  ]);
}

/** Where the table is, as far as the header has no room for it: sectors chained by their last number. */
function placesInSectors(places: readonly number[], start: number): Buffer[] {
  const each = SECTOR_BYTES / 4 - 1;
  const count = Math.ceil(places.length / each);
  return Array.from({ length: count }, (_, index) => {
    const sector = numbers(places.slice(index * each, (index + 1) * each), SECTOR_BYTES);
    sector.writeUInt32LE(index + 1 < count ? start + index + 1 : END, SECTOR_BYTES - 4);
    return sector;
  });
}

function directoryEntry(...[name, kind, start, size]: [string, number, number, number]): Buffer {
  const entry = Buffer.alloc(128);
  const bytes = Buffer.from(`${name}\0`, "utf16le");
  bytes.copy(entry);
  entry.writeUInt16LE(bytes.length, 64);
  entry.writeUInt8(kind, 66);
  entry.fill(0xff, 68, 80);
  entry.writeUInt32LE(start, 116);
  entry.writeUInt32LE(size, 120);
  return entry;
}

function numbers(values: readonly number[], atLeastBytes: number): Buffer {
  const bytes = Buffer.alloc(Math.max(atLeastBytes, values.length * 4), 0xff);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, index * 4);
  for (let at = values.length * 4; at < bytes.length; at += 4) bytes.writeUInt32LE(FREE, at);
  return bytes;
}

/** A VBA module as a project stores it: compressed, here with literals only. */
export function vbaModule(source: string): Buffer {
  const bytes = Buffer.from(source);
  const chunks: Buffer[] = [Buffer.from([1])];
  for (let at = 0; at < bytes.length; at += 3600) {
    const tokens: Buffer[] = [];
    const part = bytes.subarray(at, at + 3600);
    for (let eight = 0; eight < part.length; eight += 8) {
      tokens.push(Buffer.from([0]), part.subarray(eight, eight + 8));
    }
    const body = Buffer.concat(tokens);
    const header = Buffer.alloc(2);
    header.writeUInt16LE(0xb000 | (body.length - 1));
    chunks.push(header, body);
  }
  return Buffer.concat(chunks);
}

/** The package of a file that was put into a document. */
export function packageOf(name: string, content: Buffer | string): Buffer {
  const bytes = Buffer.from(content);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(bytes.length);
  const path = Buffer.from(`C:\\${name}\0`);
  const pathLength = Buffer.alloc(4);
  pathLength.writeUInt32LE(path.length);
  const kind = Buffer.from([2, 0]);
  const flags = Buffer.from([0, 0, 3, 0]);
  return Buffer.concat([
    kind,
    Buffer.from(`${name}\0${name}\0`),
    flags,
    pathLength,
    path,
    size,
    bytes,
  ]);
}

/** The stream that holds a package. */
export function ole10Native(name: string, content: Buffer | string): OleStream {
  const bytes = packageOf(name, content);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(bytes.length);
  return { name: "\x01Ole10Native", content: Buffer.concat([size, bytes]) };
}

/** RTF with one object of this class, written in hexadecimal as `disguise` sees fit. */
export function rtfWithObject(
  className: string,
  data: Buffer,
  disguise: (hex: string) => string = (hex) => hex,
): Buffer {
  const field = (bytes: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const object = Buffer.concat([
    Buffer.from("0105000002000000", "hex"),
    ...[field(Buffer.from(`${className}\0`)), Buffer.alloc(8), field(data)],
  ]);
  const hex = disguise(object.toString("hex"));
  return Buffer.from(`{\\rtf1{\\object\\objemb{\\*\\objdata ${hex}}}}`);
}

export interface PdfObject {
  readonly dictionary: string;
  readonly stream?: Buffer | string;
}

/** A PDF with these objects; streams are deflated when the dictionary says so. */
export function pdfOf(...objects: readonly PdfObject[]): Buffer {
  const parts: Buffer[] = [Buffer.from("%PDF-1.7\n")];
  for (const [index, { dictionary, stream }] of objects.entries()) {
    parts.push(Buffer.from(`${index + 1} 0 obj\n<< ${dictionary} >>\n`));
    if (stream !== undefined) {
      const bytes = Buffer.from(stream);
      const packed = /FlateDecode|#46late/.test(dictionary) ? deflateSync(bytes) : bytes;
      parts.push(Buffer.from("stream\r\n"), packed, Buffer.from("\r\nendstream\n"));
    }
    parts.push(Buffer.from("endobj\n"));
  }
  return Buffer.concat([...parts, Buffer.from("trailer << /Root 1 0 R >>\n%%EOF\n")]);
}
