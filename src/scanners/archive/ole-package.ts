/** A file that somebody put into a document with "Insert object". */
export interface PackagedFile {
  readonly name: string;
  readonly content: Buffer;
}

/** Before the label: the kind, two bytes. */
const LABEL_AT = 2;

/**
 * Reads a package: kind, label, name, where the file came from, where it goes, then its bytes.
 * Undefined when the bytes are something else.
 */
export function packagedFile(bytes: Buffer): PackagedFile | undefined {
  const nameAt = afterText(bytes, LABEL_AT);
  const pathLengthAt = afterText(bytes, nameAt) + 4;
  if (pathLengthAt + 4 > bytes.length) return undefined;
  const sizeAt = pathLengthAt + 4 + bytes.readUInt32LE(pathLengthAt);
  if (sizeAt + 4 > bytes.length) return undefined;
  const contentAt = sizeAt + 4;
  return {
    name: textAt(bytes, LABEL_AT) || textAt(bytes, nameAt),
    content: bytes.subarray(contentAt, contentAt + bytes.readUInt32LE(sizeAt)),
  };
}

function textAt(bytes: Buffer, offset: number): string {
  return bytes.toString("latin1", offset, afterText(bytes, offset) - 1);
}

/** The offset behind the zero that ends a text; the end when there is none. */
function afterText(bytes: Buffer, offset: number): number {
  const end = bytes.indexOf(0, offset);
  return end < 0 ? bytes.length : end + 1;
}
