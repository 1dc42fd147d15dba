import { crc32, deflateRawSync } from "node:zlib";

/** A member of a zip to be made. What is not said is as an honest zip has it. */
export interface ZipMember {
  readonly name: string;
  readonly content: Buffer | string;
  readonly isStored?: boolean;
  readonly isEncrypted?: boolean;
  /** Number of the compression method to name, whatever the bytes are. */
  readonly method?: number;
  /** Unpacked size to state. */
  readonly statedBytes?: number;
  /** Left out of the directory at the end. */
  readonly isHidden?: boolean;
}

const STORED = 0;
const DEFLATED = 8;
const ENCRYPTED_FLAG = 1;

/** A zip, made by hand so that it can lie. */
export function zipOf(...members: readonly ZipMember[]): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const member of members) {
    const { local, entry } = zipMember(member, offset);
    locals.push(local);
    if (member.isHidden !== true) directory.push(entry);
    offset += local.length;
  }
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(directory.length, 8);
  end.writeUInt16LE(directory.length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, ...directory, end]);
}

function zipMember(member: ZipMember, offset: number): { local: Buffer; entry: Buffer } {
  const content = Buffer.from(member.content);
  const name = Buffer.from(member.name);
  const packed = member.isStored === true ? content : deflateRawSync(content);
  const facts = Buffer.alloc(26);
  facts.writeUInt16LE(20, 0);
  facts.writeUInt16LE(member.isEncrypted === true ? ENCRYPTED_FLAG : 0, 2);
  facts.writeUInt16LE(member.method ?? (member.isStored === true ? STORED : DEFLATED), 4);
  facts.writeUInt32LE(crc32(content), 10);
  facts.writeUInt32LE(packed.length, 14);
  facts.writeUInt32LE(member.statedBytes ?? content.length, 18);
  facts.writeUInt16LE(name.length, 22);
  const entryEnd = Buffer.alloc(14);
  entryEnd.writeUInt32LE(offset, 10);
  return {
    local: Buffer.concat([Buffer.from("PK\x03\x04", "latin1"), facts, name, packed]),
    entry: Buffer.concat([Buffer.from("PK\x01\x02\x14\0", "latin1"), facts, entryEnd, name]),
  };
}
