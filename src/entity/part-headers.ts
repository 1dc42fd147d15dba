import { fileNameOf } from "./file-name.ts";
import { parseHeaderValue } from "./media-type.ts";

/** What the headers of a part say that matters here. */
export interface PartHeaders {
  readonly fileName: string | undefined;
  readonly declaredType: string | undefined;
  /** Boundary parameter, when the part is itself a multipart. */
  readonly boundary: string | undefined;
  /** Content-Transfer-Encoding, lower case. */
  readonly transferEncoding: string | undefined;
}

const FIELD = /^([!-9;-~]+)[ \t]*:[ \t]*([^\0\r\n]*)$/;
const KNOWN = new Set(["content-disposition", "content-type", "content-transfer-encoding"]);

/**
 * Parses the header block of a part (without the empty line at its end). Undefined when it isn't
 * headers, or when it says a thing that matters twice, so that two readers could understand it
 * differently.
 */
export function parsePartHeaders(block: Buffer): PartHeaders | undefined {
  const fields = knownFields(block.toString("latin1"));
  if (fields === undefined) return undefined;
  const disposition = parseHeaderValue(fields.get("content-disposition") ?? "");
  const type = parseHeaderValue(fields.get("content-type") ?? "");
  if (disposition.ambiguous || type.ambiguous) return undefined;
  return {
    fileName: fileNameOf(disposition),
    declaredType: type.value === "" ? undefined : type.value,
    boundary: type.value.startsWith("multipart/") ? type.parameters.get("boundary") : undefined,
    transferEncoding: fields.get("content-transfer-encoding")?.trim().toLowerCase(),
  };
}

function knownFields(block: string): ReadonlyMap<string, string> | undefined {
  const fields = new Map<string, string>();
  if (block === "") return fields;
  // A line that begins with space continues the one before (RFC 5322 §2.2.3).
  for (const line of block.replace(/\r\n(?=[ \t])/g, "").split("\r\n")) {
    const [, name, value] = FIELD.exec(line) ?? [];
    if (name === undefined || value === undefined) return undefined;
    const key = name.toLowerCase();
    if (!KNOWN.has(key)) continue;
    if (fields.has(key)) return undefined;
    fields.set(key, value);
  }
  return fields;
}
