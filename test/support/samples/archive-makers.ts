import { crc32 } from "node:zlib";
import { pack } from "tar-stream";

export interface PlainMember {
  readonly name: string;
  readonly content: Buffer | string;
}

/** A tar archive. */
export async function tarOf(...members: readonly PlainMember[]): Promise<Buffer> {
  const tar = pack();
  for (const { name, content } of members) tar.entry({ name }, Buffer.from(content));
  tar.finalize();
  const pieces: Buffer[] = [];
  for await (const piece of tar as AsyncIterable<Buffer>) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** A cpio archive in the form that rpm and initramfs use. */
export function cpioOf(...members: readonly PlainMember[]): Buffer {
  const pad = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
  return Buffer.concat(
    [...members, { name: "TRAILER!!!", content: "" }].map(({ name, content }) => {
      const bytes = Buffer.from(content);
      const fields = [1, 0o100644, 0, 0, 1, 0, bytes.length, 0, 0, 0, 0, name.length + 1, 0];
      const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
      return Buffer.concat([pad(Buffer.from(`${header}${name}\0`)), pad(bytes)]);
    }),
  );
}

/** A RAR archive of version 4 whose members are stored. */
export function rarOf(...members: readonly PlainMember[]): Buffer {
  const block = (type: number, flags: number, rest: Buffer): Buffer => {
    const header = Buffer.alloc(5);
    header.writeUInt8(type, 0);
    header.writeUInt16LE(flags, 1);
    header.writeUInt16LE(7 + rest.length, 3);
    const checked = Buffer.concat([header, rest]);
    const crc = Buffer.alloc(2);
    crc.writeUInt16LE(crc32(checked) & 0xffff);
    return Buffer.concat([crc, checked]);
  };
  const files = members.flatMap(({ name, content }) => {
    const bytes = Buffer.from(content);
    const facts = Buffer.alloc(25);
    facts.writeUInt32LE(bytes.length, 0);
    facts.writeUInt32LE(bytes.length, 4);
    facts.writeUInt8(2, 8);
    facts.writeUInt32LE(crc32(bytes), 9);
    facts.writeUInt8(20, 17);
    facts.writeUInt8(0x30, 18);
    facts.writeUInt16LE(name.length, 19);
    facts.writeUInt32LE(0x20, 21);
    return [block(0x74, 0x8000, Buffer.concat([facts, Buffer.from(name)])), bytes];
  });
  return Buffer.concat([
    Buffer.from("526172211a0700", "hex"),
    block(0x73, 0, Buffer.alloc(6)),
    ...files,
    block(0x7b, 0x4000, Buffer.alloc(0)),
  ]);
}

/** A cabinet with one uncompressed folder. */
export function cabOf({ name, content }: PlainMember): Buffer {
  const bytes = Buffer.from(content);
  const entry = Buffer.concat([Buffer.alloc(16), Buffer.from(`${name}\0`)]);
  entry.writeUInt32LE(bytes.length, 0);
  const folder = Buffer.alloc(8);
  const filesAt = 36 + folder.length;
  folder.writeUInt32LE(filesAt + entry.length, 0);
  folder.writeUInt16LE(1, 4);
  const data = Buffer.alloc(8);
  data.writeUInt16LE(bytes.length, 4);
  data.writeUInt16LE(bytes.length, 6);
  const header = Buffer.alloc(36);
  header.write("MSCF");
  header.writeUInt32LE(filesAt + entry.length + data.length + bytes.length, 8);
  header.writeUInt32LE(filesAt, 16);
  header.writeUInt16LE(0x0103, 24);
  header.writeUInt16LE(1, 26);
  header.writeUInt16LE(1, 28);
  return Buffer.concat([header, folder, entry, data, bytes]);
}

const SECTOR_BYTES = 2048;

/** An ISO 9660 image with one file of at most a sector. */
export function isoOf({ name, content }: PlainMember): Buffer {
  const bytes = Buffer.from(content);
  const [pathsAt, rootAt, fileAt] = [18, 19, 20];
  const image = Buffer.alloc(64 * SECTOR_BYTES);
  const descriptor = image.subarray(16 * SECTOR_BYTES);
  descriptor.write("\x01CD001\x01", "latin1");
  bothOrders(descriptor, 80, image.length / SECTOR_BYTES);
  descriptor.writeUInt16LE(1, 120);
  descriptor.writeUInt16LE(1, 124);
  descriptor.writeUInt16LE(SECTOR_BYTES, 128);
  descriptor.writeUInt16BE(SECTOR_BYTES, 130);
  bothOrders(descriptor, 132, 10);
  descriptor.writeUInt32LE(pathsAt, 140);
  descriptor.writeUInt32BE(pathsAt, 148);
  directoryRecord("\0", rootAt, SECTOR_BYTES, 2).copy(descriptor, 156);
  descriptor.writeUInt8(1, 881);
  image.write("\xffCD001\x01", 17 * SECTOR_BYTES, "latin1");
  Buffer.concat([
    directoryRecord("\0", rootAt, SECTOR_BYTES, 2),
    directoryRecord("\x01", rootAt, SECTOR_BYTES, 2),
    directoryRecord(`${name};1`, fileAt, bytes.length, 0),
  ]).copy(image, rootAt * SECTOR_BYTES);
  bytes.copy(image, fileAt * SECTOR_BYTES);
  return image;
}

function directoryRecord(
  ...[name, sector, bytes, flags]: [string, number, number, number]
): Buffer {
  const length = 33 + name.length + (name.length % 2 === 0 ? 1 : 0);
  const record = Buffer.alloc(length);
  record.writeUInt8(length, 0);
  bothOrders(record, 2, sector);
  bothOrders(record, 10, bytes);
  record.writeUInt8(flags, 25);
  record.writeUInt16LE(1, 28);
  record.writeUInt16BE(1, 30);
  record.writeUInt8(name.length, 32);
  record.write(name, 33, "latin1");
  return record;
}

function bothOrders(target: Buffer, at: number, value: number): void {
  target.writeUInt32LE(value, at);
  target.writeUInt32BE(value, at + 4);
}

/** Small archives of formats that nothing here can write; each holds `bad.txt` with "bad content". */
export const readyMade = {
  xz: fromBase64(
    "/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQAKYmFkIGNvbnRlbnQAACUXvFxdyn3fAAEjC8Ib/QkftvN9AQAAAAAEWVo=",
  ),
  bzip2: fromBase64("QlpoOTFBWSZTWfaB/5cAAAERgEAAPgGEACAAIgZD1CDJiGhO9OI8XckU4UJD2gf+XA=="),
  sevenZip: fromBase64(
    "N3q8ryccAASajWwNDwAAAAAAAABaAAAAAAAAAFwFXXUBAApiYWQgY29udGVudAABBAYAAQkPAAcLAQABISEBAAwLAAgKAXKsSsYAAAUBGQwAAAAAAAAAAAAAAAAREQBiAGEAZAAuAHQAeAB0AAAAGQIAABQKAQApYGOTK3rdARUGAQAggKSBAAA=",
  ),
  sevenZipEncrypted: fromBase64(
    "N3q8ryccAAQUYEWsEAAAAAAAAABqAAAAAAAAAKm9jun0IXZ3Iam0OHIa+YF6OPETAQQGAAEJEAAHCwEAAiQG8QcBElMPfmLf6Ckx3nuiAPa1B/2BwCEhAQABAAwPCwAICgFyrErGAAAFARkBABERAGIAYQBkAC4AdAB4AHQAAAAZAgAAFAoBAClgY5Mret0BFQYBACCApIEAAA==",
  ),
  sevenZipNamesEncrypted: fromBase64(
    "N3q8ryccAAT22MNOgAAAAAAAAAAuAAAAAAAAALFesc1gOseeYwWPwmQIHuiaBtkM03PKo7CpXifWei90FyF5PsLyPhIanXug0q4iwl8D/ush4pZRpMD0X+xZUc5yDfsOzVrPjcyBs5asbCcx0YV0jbi5YdcouMjA0nbZdBNrYx5a1PjPfSu0iPidsGtaBWVZ5OIrYmQhgZwM6gVKyfEgHRcGEAEJcAAHCwEAASQG8QcBElMPnpoDlgjL8bduJGcRrCtYGQxqCgFDUhuEAAA=",
  ),
  zipWithBzip2: fromBase64(
    "UEsDBC4AAAAMAAAAIQByrErGMQAAAAsAAAAHAAAAYmFkLnR4dEJaaDkxQVkmU1n2gf+XAAABEYBAAD4BhAAgACIGQ9QgyYhoTvTiPF3JFOFCQ9oH/lxQSwECLgMuAAAADAAAACEAcqxKxjEAAAALAAAABwAAAAAAAAAAAAAAgAEAAAAAYmFkLnR4dFBLBQYAAAAAAQABADUAAABWAAAAAAA=",
  ),
  zipWithLzma: fromBase64(
    "UEsDBD8AAgAOAAAAIQByrErGHwAAAAsAAAAHAAAAYmFkLnR4dAkEBQBdAACAAAAxGEi5Li2WTnFXN4CGd1H//4KqAABQSwECPwM/AAIADgAAACEAcqxKxh8AAAALAAAABwAAAAAAAAAAAAAAgAEAAAAAYmFkLnR4dFBLBQYAAAAAAQABADUAAABEAAAAAAA=",
  ),
} as const;

function fromBase64(text: string): Buffer {
  return Buffer.from(text, "base64");
}
