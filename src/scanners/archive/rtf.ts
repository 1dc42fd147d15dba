import { packagedFile } from "./ole-package.ts";
import type { Unpacker } from "./unpacker.ts";

/** Objects are looked for as far as this; a letter of that length has pictures, which are skipped. */
const MAX_SEARCHED_BYTES = 32 * 1024 * 1024;
const objectData = Buffer.from("\\objdata");

/**
 * RTF: the embedded objects, decoded from their hexadecimal form. What Word ignores in it (spaces,
 * groups, control words) is put there to hide objects, so it is ignored here too.
 */
export const unpackRtf: Unpacker = async ({ source }, sink) => {
  const bytes = source.read(0, MAX_SEARCHED_BYTES);
  let objects = 0;
  for (let at = bytes.indexOf(objectData); at >= 0; at = bytes.indexOf(objectData, at + 1)) {
    sink.budget.whole.checkTime();
    objects += 1;
    const object = embeddedObject(decodeObject(bytes, at + objectData.length));
    const packaged = object.className === "Package" ? packagedFile(object.data) : undefined;
    if (packaged === undefined) {
      await sink.member({ name: `object-${objects}`, content: [object.data] });
    } else {
      await sink.member({ name: `Ole10Native/${packaged.name}`, content: [packaged.content] });
    }
  }
};

/** The bytes that the hexadecimal digits up to the end of the group stand for. */
function decodeObject(bytes: Buffer, start: number): Buffer {
  const digits: string[] = [];
  const raw: Buffer[] = [];
  const flush = (): void => {
    raw.push(Buffer.from(digits.splice(0).join(""), "hex"));
  };
  const text = bytes.toString("latin1", start, groupEnd(bytes, start));
  for (let at = 0; at < text.length; ) {
    const [token = "", binaryLength] = tokenAt(text, at);
    at += token.length;
    if (binaryLength !== undefined) {
      flush();
      raw.push(Buffer.from(text.slice(at, at + binaryLength), "latin1"));
      at += binaryLength;
    } else if (!token.startsWith("\\")) digits.push(token.replace(/[^0-9a-f]/gi, ""));
  }
  flush();
  return Buffer.concat(raw);
}

const token = /\\bin(\d{0,8}) ?|\\[a-z]+-?\d* ?|\\[^a-z]|[^\\]+/iy;

function tokenAt(text: string, at: number): [string, number | undefined] {
  token.lastIndex = at;
  const [found = text.slice(at, at + 1), length] = token.exec(text) ?? [];
  return [found, length === undefined ? undefined : Number(length)];
}

function groupEnd(bytes: Buffer, start: number): number {
  let depth = 0;
  for (let at = start; at < bytes.length; at += 1) {
    if (bytes[at] === 0x7b) depth += 1;
    else if (bytes[at] === 0x7d) {
      if (depth === 0) return at;
      depth -= 1;
    }
  }
  return bytes.length;
}

interface EmbeddedObject {
  readonly className: string;
  readonly data: Buffer;
}

/** [MS-OLEDS] 2.2.5: version, kind, class, topic, item, then the native data; else all of it. */
function embeddedObject(bytes: Buffer): EmbeddedObject {
  let at = 8;
  const names: string[] = [];
  for (let name = 0; name < 3; name += 1) {
    if (at + 4 > bytes.length) return { className: "", data: bytes };
    const length = bytes.readUInt32LE(at);
    names.push(bytes.toString("latin1", at + 4, at + 4 + Math.max(0, length - 1)));
    at += 4 + length;
  }
  if (at + 4 > bytes.length) return { className: "", data: bytes };
  const [className = ""] = names;
  return { className, data: bytes.subarray(at + 4, at + 4 + bytes.readUInt32LE(at)) };
}
