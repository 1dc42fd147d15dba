import { detectType } from "../../entity/index.ts";
import { VerdictReason } from "../../scanning/index.ts";
import { securityOf } from "./pdf-security.ts";
import { decodedStream, type PdfStream, pdfStreams } from "./pdf-streams.ts";
import type { Unpacker } from "./unpacker.ts";

const KiB = 1024;

/** Of a stream that is neither objects nor an attachment: scripts are short, page contents are not. */
const MAX_SCRIPT_BYTES = 256 * KiB;
const MAX_OBJECTS_BYTES = 4 * KiB * KiB;
/** Of all streams but attachments together; what is more than this is page content. */
const MAX_TOGETHER_BYTES = 32 * KiB * KiB;
/** Parts of every document, and never a file that somebody attached. */
const ordinaryTypes = /^(?:text|font|image)\/|^application\/(?:json|postscript|vnd\.ms-opentype)/;

/**
 * PDF: attachments as members of their own, and all else that may hold objects or scripts inflated
 * and put together as one, since an action and its script may be in two object streams. Pictures
 * are left out. A document is no archive: that a stream cannot be inflated is not held against it.
 * What is encrypted and opens without a password, as most encrypted documents do, is decrypted.
 */
export const unpackPdf: Unpacker = async ({ source }, sink) => {
  const security = securityOf(source);
  const decrypt = security.kind === "decryptable" ? security.decrypt : undefined;
  const together: Buffer[] = [];
  let togetherBytes = 0;
  let attachments = 0;
  for (const stream of pdfStreams(source)) {
    sink.budget.whole.checkTime();
    const maxBytes = wantedBytes(stream, togetherBytes < MAX_TOGETHER_BYTES);
    if (maxBytes === 0) continue;
    const start = await decodedStream(source, stream, { maxBytes, decrypt });
    const part = partOf(stream, start);
    if (part?.kind === "together") {
      together.push(part.bytes, Buffer.from("\n"));
      togetherBytes += part.bytes.length;
    } else if (part?.kind === "attachment") {
      attachments += 1;
      const name = `attachment-${attachments}`;
      const all = sink.budget.whole.limits.maxEntryBytes + 1;
      const whole = await decodedStream(source, stream, { maxBytes: all, decrypt });
      await sink.member({ name, content: [whole ?? part.bytes] });
    }
  }
  if (together.length > 0) {
    await sink.member({ name: "object-streams", content: together, isCounted: true });
  }
  if (security.kind === "locked") {
    sink.cannotLookInto(VerdictReason.Encrypted, "document is encrypted");
  }
};

interface PdfPart {
  readonly kind: "together" | "attachment";
  readonly bytes: Buffer;
}

/** How much of a stream it takes to know what it is; none of a picture. */
function wantedBytes({ dictionary }: PdfStream, isRoom: boolean): number {
  if (isAttachment(dictionary)) return MAX_SCRIPT_BYTES;
  if (!isRoom || /\/Subtype\s*\/Image\b/.test(dictionary)) return 0;
  return isObjects(dictionary) ? MAX_OBJECTS_BYTES : MAX_SCRIPT_BYTES;
}

/** Attachments need not say that they are; what they begin with does. */
function partOf({ dictionary }: PdfStream, bytes: Buffer | undefined): PdfPart | undefined {
  if (bytes === undefined || bytes.length === 0) return undefined;
  if (isAttachment(dictionary)) return { kind: "attachment", bytes };
  const type = detectType(bytes);
  const isFile = !isObjects(dictionary) && type !== undefined && !ordinaryTypes.test(type);
  return { kind: isFile ? "attachment" : "together", bytes };
}

function isAttachment(dictionary: string): boolean {
  return /\/EmbeddedFile\b/.test(dictionary);
}

function isObjects(dictionary: string): boolean {
  return /\/ObjStm\b/.test(dictionary);
}
