import { createHash } from "node:crypto";

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const CHARACTERS = 26;

/**
 * A quoted ISTag (RFC 3507 §4.7: at most 32 bytes) of what a verdict depends on: the service's own
 * configuration and the epochs of its scanners. Equal on every pod and after every restart, since
 * storage clients rescan everything when it changes (PowerScale, clients.md §5.8).
 */
export function makeIstag(generation: string, epochs: readonly string[]): string {
  const hash = createHash("sha256").update(JSON.stringify([generation, [...epochs].sort()]));
  let tag = "";
  let bits = 0;
  let value = 0;
  for (const byte of hash.digest()) {
    value = ((value << 8) | byte) & 0xffff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      tag += BASE32[(value >> bits) & 31];
    }
  }
  return `"${tag.slice(0, CHARACTERS)}"`;
}
