import { isIPv4, isIPv6 } from "node:net";

/** What a PROXY protocol preface says (HAProxy's proxy-protocol.txt, versions 1 and 2). */
export interface ProxiedSource {
  /** Address of the real client; undefined when the proxy speaks for itself (LOCAL, UNKNOWN). */
  readonly address: string | undefined;
}

export type PrefaceResult =
  | { readonly kind: "incomplete" }
  | { readonly kind: "invalid" }
  /** `length` bytes were the preface; what follows is the client's. */
  | { readonly kind: "complete"; readonly length: number; readonly source: ProxiedSource };

const INCOMPLETE: PrefaceResult = { kind: "incomplete" };
const INVALID: PrefaceResult = { kind: "invalid" };

const V2_SIGNATURE = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
const V2_HEAD_BYTES = 16;
const V2_MAX_BYTES = V2_HEAD_BYTES + 1024;
/** The longest version 1 line (specification §2.1). */
const V1_MAX_BYTES = 107;
const V1_START = Buffer.from("PROXY ", "latin1");
const V1_LINE =
  /^PROXY (?:UNKNOWN(?: .*)?|(TCP4|TCP6) ([0-9A-Fa-f.:]+) [0-9A-Fa-f.:]+ \d{1,5} \d{1,5})$/;

/** The most that a preface can need; no more than this is kept. */
const MAX_PREFACE_BYTES = V2_MAX_BYTES;

/** Reads the preface of one connection over as many reads as it comes in. */
export class PrefaceReader {
  #kept: Buffer | undefined;

  /** Takes a read; a complete result's `length` counts bytes of this read. */
  take(bytes: Buffer, length: number): PrefaceResult {
    const before = this.#kept;
    const fresh = bytes.subarray(0, Math.min(length, MAX_PREFACE_BYTES));
    const result = readPreface(before === undefined ? fresh : Buffer.concat([before, fresh]));
    if (result.kind === "complete") {
      return { ...result, length: result.length - (before?.length ?? 0) };
    }
    if (result.kind === "incomplete") {
      this.#kept = before === undefined ? Buffer.from(fresh) : Buffer.concat([before, fresh]);
    }
    return result;
  }
}

/** Looks at the first bytes of a connection. Sent complete or in pieces, the result is the same. */
function readPreface(bytes: Buffer): PrefaceResult {
  if (startsAlike(bytes, V2_SIGNATURE)) return readVersion2(bytes);
  if (startsAlike(bytes, V1_START)) return readVersion1(bytes);
  return INVALID;
}

function startsAlike(bytes: Buffer, expected: Buffer): boolean {
  const length = Math.min(bytes.length, expected.length);
  return bytes.compare(expected, 0, length, 0, length) === 0;
}

function readVersion1(bytes: Buffer): PrefaceResult {
  const lineEnd = bytes.indexOf("\r\n");
  if (lineEnd < 0) return bytes.length > V1_MAX_BYTES ? INVALID : INCOMPLETE;
  if (lineEnd + 2 > V1_MAX_BYTES) return INVALID;
  const match = V1_LINE.exec(bytes.toString("latin1", 0, lineEnd));
  if (match === null) return INVALID;
  const [, family, address] = match;
  if (family === "TCP4" && !isIPv4(address as string)) return INVALID;
  if (family === "TCP6" && !isIPv6(address as string)) return INVALID;
  return { kind: "complete", length: lineEnd + 2, source: { address } };
}

function readVersion2(bytes: Buffer): PrefaceResult {
  if (bytes.length < V2_HEAD_BYTES) return INCOMPLETE;
  const versionAndCommand = bytes[12] as number;
  const family = (bytes[13] as number) >> 4;
  const length = V2_HEAD_BYTES + bytes.readUInt16BE(14);
  if (versionAndCommand >> 4 !== 2 || length > V2_MAX_BYTES) return INVALID;
  if (bytes.length < length) return INCOMPLETE;
  const command = versionAndCommand & 0x0f;
  if (command === 0) return { kind: "complete", length, source: { address: undefined } };
  if (command !== 1) return INVALID;
  const address = addressOf(family, bytes.subarray(V2_HEAD_BYTES, length));
  return address === null ? INVALID : { kind: "complete", length, source: { address } };
}

/** Source address of a version 2 block; null when the block is too short for its family. */
function addressOf(family: number, block: Buffer): string | undefined | null {
  if (family === 1) return block.length < 12 ? null : block.subarray(0, 4).join(".");
  if (family === 2) return block.length < 36 ? null : formatIPv6(block.subarray(0, 16));
  // AF_UNSPEC and AF_UNIX name no client.
  return undefined;
}

function formatIPv6(bytes: Buffer): string {
  const groups: string[] = [];
  for (let i = 0; i < bytes.length; i += 2) groups.push(bytes.readUInt16BE(i).toString(16));
  // The URL parser writes addresses in their canonical form (RFC 5952).
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}
