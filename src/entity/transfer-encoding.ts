import { readContent } from "./content-reader.ts";
import type { EntityContent } from "./entity.ts";

/** The transfer encodings (RFC 2045 §6) that hide bytes; 7bit, 8bit and binary do not. */
export type TransferEncoding = "base64" | "quoted-printable";

export function isTransferEncoding(name: string | undefined): name is TransferEncoding {
  return name === "base64" || name === "quoted-printable";
}

/**
 * The bytes behind a transfer encoding, in pieces. What does not belong to the encoding is passed
 * over, as RFC 2045 tells readers to, so it never fails.
 */
export function decodeTransfer(
  content: EntityContent,
  encoding: TransferEncoding,
): AsyncGenerator<Buffer, void, undefined> {
  const pieces = readContent(content, { chunkBytes: 64 * 1024, reusesBuffer: true });
  return encoding === "base64" ? decodeBase64(pieces) : decodeQuotedPrintable(pieces);
}

async function* decodeBase64(
  pieces: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  let rest = "";
  for await (const piece of pieces) {
    const text = rest + piece.toString("latin1").replace(/[^A-Za-z0-9+/=]+/g, "");
    const whole = text.length - (text.length % 4);
    rest = text.slice(whole);
    yield decodeQuads(text.slice(0, whole));
  }
  yield decodeQuads(rest);
}

/** Padding ends one run of base64; another may follow where two were put together. */
function decodeQuads(text: string): Buffer {
  const runs = text.split(/(?<==)(?=[^=])/);
  return Buffer.concat(runs.map((run) => Buffer.from(run, "base64")));
}

async function* decodeQuotedPrintable(
  pieces: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  let rest = "";
  for await (const piece of pieces) {
    const text = rest + piece.toString("latin1");
    // An escape or a soft line break may go on in the next piece.
    const whole = text.length - (/=[^=]{0,1}$/s.exec(text)?.[0].length ?? 0);
    rest = text.slice(whole);
    yield decodeEscapes(text.slice(0, whole));
  }
  yield decodeEscapes(rest);
}

function decodeEscapes(text: string): Buffer {
  const decoded = text
    .replace(/=\r?\n/g, "")
    .replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(decoded, "latin1");
}
