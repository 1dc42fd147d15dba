import { createHash } from "node:crypto";

/**
 * SHA-256 of plain data, lower-case hex. The order of fields counts: it is for values that this
 * program builds, whose fields come in one order whatever the order in the source.
 */
export function contentHash(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("hex");
}

/** The same over many parts, without one text that holds them all. */
export function contentHashOfParts(parts: Iterable<unknown>): string {
  const hash = createHash("sha256");
  for (const part of parts) {
    hash.update(JSON.stringify(part)).update("\n");
  }
  return hash.digest("hex");
}

/** Order by UTF-16 code units: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  if (a === b) {
    return 0;
  }
  return a < b ? -1 : 1;
}
