import { expect, it } from "vitest";
import { KeyedHash } from "../../../../../src/scanners/list/hashes/keyed-hash.ts";

/** Of the reference implementation: HalfSipHash-2-4, 64 bits, key 00 … 07, message 00 01 02 …. */
const vectors = [
  [0, "218d1f59b9b83cc8"],
  [1, "be552412f8387315"],
  [2, "064f39ef7c50eb57"],
  [3, "ce0f1a45f7060679"],
  [4, "d5e78a175be52ea1"],
  [6, "ce3e91358aa2bc25"],
  [63, "2ea63c71bf326087"],
] as const;

const key = [0x03020100, 0x07060504] as const;

function hex(hash: KeyedHash): string {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(hash.high, 0);
  bytes.writeUInt32LE(hash.low, 4);
  return bytes.toString("hex");
}

it.each(vectors)("hashes %d characters as the reference does", (length, expected) => {
  const hash = new KeyedHash(key);
  hash.hash(String.fromCharCode(...Array.from({ length }, (_, index) => index)));
  expect(hex(hash)).toBe(expected);
});

it("hashes the end of a text as it would that text alone", () => {
  const [whole, part] = [new KeyedHash(key), new KeyedHash(key)];
  whole.hash("www.example.com", 4);
  part.hash("example.com");
  expect(hex(whole)).toBe(hex(part));
});

it("gives another hash under another key", () => {
  const [one, other] = [new KeyedHash(key), new KeyedHash([1, 2])];
  one.hash("example.com");
  other.hash("example.com");
  expect(hex(one)).not.toBe(hex(other));
});
