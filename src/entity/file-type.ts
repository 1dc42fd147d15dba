import { cafeBabeType, isoMediaType, matroskaType, oleType, zipType } from "./container-type.ts";
import { MAGIC_TABLE } from "./magic-table.ts";
import { textType } from "./text-type.ts";

interface CompiledMagic {
  readonly type: string;
  readonly marks: readonly { readonly offset: number; readonly bytes: Buffer }[];
}

/** By the byte at offset 0, so that a head meets only the few marks that can match it. */
const BY_FIRST_BYTE: readonly CompiledMagic[][] = Array.from({ length: 256 }, () => []);
/** Marks that stand further in. */
const ELSEWHERE: CompiledMagic[] = [];

for (const [type, ...marks] of MAGIC_TABLE) {
  const compiled = {
    type,
    marks: marks.map(([offset, bytes]) => ({ offset, bytes: Buffer.from(bytes, "latin1") })),
  };
  const first = compiled.marks[0];
  const bucket = first?.offset === 0 ? BY_FIRST_BYTE[first.bytes[0] ?? 0] : ELSEWHERE;
  bucket?.push(compiled);
}

const REFINEMENTS: Readonly<Record<string, (head: Buffer) => string>> = {
  "application/zip": zipType,
  "application/x-ole-storage": oleType,
  "application/java-vm": cafeBabeType,
  "video/x-matroska": matroskaType,
  "video/mp4": isoMediaType,
};

const PDF_MARK = Buffer.from("%PDF-", "latin1");
/** Readers accept a PDF whose mark stands anywhere in the first 1,024 bytes. */
const PDF_SEARCH_BYTES = 1024;

/**
 * The media type that the first bytes of an entity show (`HEAD_BYTES` of them, or all there are),
 * undefined for an empty entity and for bytes that nothing is known about. A few µs: it looks at
 * marks and never parses a format, so it says what something claims to be, not that it is valid.
 */
export function detectType(head: Buffer): string | undefined {
  const first = head[0];
  if (first === undefined) return undefined;
  const type = findMagic(BY_FIRST_BYTE[first] ?? [], head) ?? findMagic(ELSEWHERE, head);
  if (type !== undefined) return REFINEMENTS[type]?.(head) ?? type;
  const text = textType(head);
  if (text !== undefined && text !== "text/plain") return text;
  return head.subarray(0, PDF_SEARCH_BYTES).includes(PDF_MARK) ? "application/pdf" : text;
}

function findMagic(candidates: readonly CompiledMagic[], head: Buffer): string | undefined {
  return candidates.find((magic) => matches(magic, head))?.type;
}

function matches(magic: CompiledMagic, head: Buffer): boolean {
  return magic.marks.every(({ offset, bytes }) => {
    if (offset + bytes.length > head.length) return false;
    for (let at = 0; at < bytes.length; at++) {
      if (head[offset + at] !== bytes[at]) return false;
    }
    return true;
  });
}
