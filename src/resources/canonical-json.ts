import { createHash } from "node:crypto";

/**
 * JSON with the keys of every object in order: equal values give equal text. For plain data
 * without cycles; fields that are undefined are left out.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, field: unknown) => {
    if (field === null || typeof field !== "object" || Array.isArray(field)) {
      return field;
    }
    const entries = Object.entries(field).sort(([a], [b]) => compareText(a, b));
    return Object.fromEntries(entries);
  });
}

/** SHA-256 of the canonical JSON, lower-case hex. */
export function contentHash(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex");
}

/** Order by UTF-16 code units: the same on every machine, whatever its locale. */
export function compareText(a: string, b: string): number {
  if (a === b) {
    return 0;
  }
  return a < b ? -1 : 1;
}
