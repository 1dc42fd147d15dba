import { createHash } from "node:crypto";
import { ScanProblem } from "./scan-problem.ts";

const MEMBER = /^sha-256=:(?<base64>[A-Za-z0-9+/]{43}=):(?:;.*)?$/;

export const SHA256_OF_NOTHING = createHash("sha256").digest("hex");

/**
 * The SHA-256, lower-case hex, of a `Content-Digest` or `Repr-Digest` (RFC 9530 §2); undefined when
 * it has none. Other algorithms are passed over. Throws a 400 when its SHA-256 is malformed, or there
 * are several that differ.
 */
export function sha256OfField(value: string | string[] | undefined): string | undefined {
  let found: string | undefined;
  if (value === undefined) return undefined;
  for (const text of String(value).split(",")) {
    const member = text.trim();
    if (!member.startsWith("sha-256=")) continue;
    const base64 = MEMBER.exec(member)?.groups?.["base64"];
    if (base64 === undefined || (found !== undefined && found !== base64)) {
      throw new ScanProblem(400, "the digest is no SHA-256 of RFC 9530");
    }
    found = base64;
  }
  return found === undefined ? undefined : Buffer.from(found, "base64").toString("hex");
}

/**
 * Hands a body on and holds it to its digest. Where the length is known the last bytes are kept
 * back until the digest is right, so that nobody has seen the end of a body that is not the one.
 */
export async function* checkedBody(
  body: AsyncIterable<Buffer>,
  sha256: string,
  size: number | undefined,
): AsyncGenerator<Buffer> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of body) {
    hash.update(chunk);
    bytes += chunk.length;
    const isLast = bytes === size;
    if (isLast) mustBe(hash.digest("hex"), sha256);
    yield chunk;
    // Node lets no body be longer than its length.
    if (isLast) return;
  }
  mustBe(hash.digest("hex"), sha256);
}

/** The SHA-256 of a body that is here. */
export function sha256OfPieces(pieces: readonly Buffer[]): string {
  const hash = createHash("sha256");
  for (const piece of pieces) hash.update(piece);
  return hash.digest("hex");
}

/** Reads a body to its end, for its hash alone. */
export async function sha256OfBody(body: AsyncIterable<Buffer>): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of body) hash.update(chunk);
  return hash.digest("hex");
}

export function mustBe(actual: string, declared: string | undefined): void {
  if (declared !== undefined && actual !== declared) {
    throw new ScanProblem(400, "the body is not the one that the digest is of");
  }
}
