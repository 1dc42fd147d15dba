import { detectType } from "../../entity/index.ts";
import { VerdictReason } from "../../scanning/index.ts";
import type { ByteSource } from "../content/byte-source.ts";
import { decodedStream, type PdfSearch, type PdfStream, pdfStreams } from "./pdf-streams.ts";
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
 */
export const unpackPdf: Unpacker = async ({ source }, sink) => {
  const search: PdfSearch = { isEncrypted: false };
  const together: Buffer[] = [];
  let togetherBytes = 0;
  let attachments = 0;
  for (const stream of pdfStreams(source, search)) {
    sink.budget.whole.checkTime();
    const part = await partOf(source, stream, togetherBytes < MAX_TOGETHER_BYTES);
    if (part?.kind === "together") {
      together.push(part.bytes, Buffer.from("\n"));
      togetherBytes += part.bytes.length;
    } else if (part?.kind === "attachment") {
      attachments += 1;
      const name = `attachment-${attachments}`;
      const { maxEntryBytes } = sink.budget.whole.limits;
      const whole = await decodedStream(source, stream, maxEntryBytes + 1);
      await sink.member({ name, content: [whole ?? part.bytes] });
    }
  }
  if (together.length > 0) {
    await sink.member({ name: "object-streams", content: together, isCounted: true });
  }
  if (search.isEncrypted) sink.cannotLookInto(VerdictReason.Encrypted, "document is encrypted");
};

interface PdfPart {
  readonly kind: "together" | "attachment";
  readonly bytes: Buffer;
}

/** Attachments need not say that they are; what they begin with does. */
async function partOf(
  source: ByteSource,
  stream: PdfStream,
  isRoom: boolean,
): Promise<PdfPart | undefined> {
  const isAttachment = /\/EmbeddedFile\b/.test(stream.dictionary);
  if (!isAttachment && (!isRoom || /\/Subtype\s*\/Image\b/.test(stream.dictionary)))
    return undefined;
  const isObjects = /\/ObjStm\b/.test(stream.dictionary);
  const most = isObjects ? MAX_OBJECTS_BYTES : MAX_SCRIPT_BYTES;
  const bytes = await decodedStream(source, stream, most);
  if (bytes === undefined || bytes.length === 0) return undefined;
  if (isAttachment) return { kind: "attachment", bytes };
  const type = detectType(bytes);
  const isFile = !isObjects && type !== undefined && !ordinaryTypes.test(type);
  return { kind: isFile ? "attachment" : "together", bytes };
}
