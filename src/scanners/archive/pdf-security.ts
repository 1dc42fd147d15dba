import type { ByteSource } from "../content/byte-source.ts";
import { type PdfDecryption, withoutPassword } from "./pdf-encryption.ts";

const KiB = 1024;
const WINDOW_BYTES = KiB * KiB;
/** What a dictionary that matters here is at most long, and how far the windows overlap. */
const DICTIONARY_BYTES = 4 * KiB;

/** `/Encrypt`, each letter also as an escape: readers take either. */
const encryptName =
  /\/(?:E|#45)(?:n|#6e)(?:c|#63)(?:r|#72)(?:y|#79)(?:p|#70)(?:t|#74)\s*(?:(\d+)\s+(\d+)\s+R|<<)/i;

export type PdfSecurity =
  | { readonly kind: "open" }
  | { readonly kind: "decryptable"; readonly decrypt: PdfDecryption }
  | { readonly kind: "locked" };

/** Whether a document is encrypted, and how to read it if it opens without a password. */
export function securityOf(source: ByteSource): PdfSecurity {
  const encrypt = lastMatch(source, encryptName);
  if (encrypt === undefined) return { kind: "open" };
  const [, number, generation] = encrypt.match;
  const trailer = textAround(source, encrypt.offset);
  const dictionary =
    number === undefined
      ? textFrom(source, encrypt.offset)
      : objectText(source, `${number}\\s+${generation}`);
  const decrypt = dictionary === undefined ? undefined : withoutPassword(dictionary, trailer);
  return decrypt === undefined ? { kind: "locked" } : { kind: "decryptable", decrypt };
}

interface Located {
  readonly offset: number;
  readonly match: RegExpMatchArray;
}

/** What comes last counts: a document is changed by appending to it. */
function lastMatch(source: ByteSource, pattern: RegExp): Located | undefined {
  const all = new RegExp(pattern.source, `${pattern.flags}g`);
  let last: Located | undefined;
  for (let start = 0; start < source.size; start += WINDOW_BYTES) {
    const text = source.read(start, WINDOW_BYTES + DICTIONARY_BYTES).toString("latin1");
    for (const match of text.matchAll(all)) last = { offset: start + match.index, match };
  }
  return last;
}

function objectText(source: ByteSource, id: string): string | undefined {
  const found = lastMatch(source, new RegExp(`(?<!\\d)${id}\\s+obj\\b`));
  return found === undefined ? undefined : textFrom(source, found.offset);
}

function textFrom(source: ByteSource, offset: number): string {
  const text = source.read(offset, DICTIONARY_BYTES).toString("latin1");
  const end = text.indexOf("endobj");
  return end < 0 ? text : text.slice(0, end);
}

function textAround(source: ByteSource, offset: number): string {
  const start = Math.max(0, offset - DICTIONARY_BYTES / 2);
  return source.read(start, DICTIONARY_BYTES).toString("latin1");
}
