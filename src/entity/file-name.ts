import { isUtf8 } from "node:buffer";
import { type HeaderValue, parseHeaderValue } from "./media-type.ts";

/**
 * The file name in a Content-Disposition value, decoded and otherwise as the sender gave it: it may
 * hold a path, control characters, anything. Header text is one character a byte (latin1).
 */
export function fileNameOfDisposition(value: string): string | undefined {
  return fileNameOf(parseHeaderValue(value));
}

export function fileNameOf(disposition: HeaderValue): string | undefined {
  const extended = disposition.parameters.get("filename*");
  const decoded = extended === undefined ? undefined : decodeExtended(extended);
  if (decoded !== undefined) return decoded;
  const plain = disposition.parameters.get("filename");
  return plain === undefined ? undefined : decodeFormEscapes(decodeBytes(plain));
}

/** The last segment of a URL's path, percent-decoded; undefined when the path ends in a slash. */
export function fileNameOfUrl(url: string): string | undefined {
  const authority = url.indexOf("://");
  const pathStart = authority < 0 ? 0 : url.indexOf("/", authority + 3);
  if (pathStart < 0) return undefined;
  const path = url.slice(pathStart).split(/[?#]/, 1)[0] as string;
  const segment = path.slice(path.lastIndexOf("/") + 1);
  return segment === "" ? undefined : decodePercent(segment);
}

/** `charset'language'percent-encoded` (RFC 8187); undefined for a charset other than its two. */
function decodeExtended(value: string): string | undefined {
  const [, charset, encoded] = /^([^']*)'[^']*'(.*)$/s.exec(value) ?? [];
  if (encoded === undefined) return undefined;
  if (/^utf-8$/i.test(charset ?? "")) return decodePercent(encoded);
  return /^iso-8859-1$/i.test(charset ?? "") ? percentToBytes(encoded) : undefined;
}

function decodePercent(text: string): string {
  return decodeBytes(text.includes("%") ? percentToBytes(text) : text);
}

function percentToBytes(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}

/** Browsers escape these three in a form's file names, and nothing else (HTML, multipart/form-data). */
function decodeFormEscapes(text: string): string {
  return text.replace(/%(?:22|0d|0a)/gi, percentToBytes);
}

/** Bytes given as latin1: UTF-8 when they are valid UTF-8, else latin1. */
function decodeBytes(text: string): string {
  if (!/[\x80-\xff]/.test(text)) return text;
  const bytes = Buffer.from(text, "latin1");
  return isUtf8(bytes) ? bytes.toString("utf8") : text;
}
