import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  HashList,
  HashListError,
  parseHashList,
} from "../../../src/scanners/list/hashes/hash-list.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const read = (text: string) => new HashList(parseHashList(text));

describe("parseHashList", () => {
  it.each([
    ["a hash alone", sha256("x"), ""],
    ["a hash and a name", `${sha256("x")} Evil.A`, "Evil.A"],
    ["a hash, a tab and a name with spaces", `${sha256("x")}\tEvil A`, "Evil A"],
    ["comma-separated values", `${sha256("x")},Evil.A`, "Evil.A"],
    ["a ClamAV .hsb line", `${sha256("x")}:1024:Evil.A`, "Evil.A"],
    ["a ClamAV .hsb line of any size, with a level", `${sha256("x")}:*:Evil.A:73`, "Evil.A"],
    ["upper case", sha256("x").toUpperCase(), ""],
    ["spaces around", `  ${sha256("x")}  \r`, ""],
  ])("reads %s", (_what, line, name) => {
    expect(read(line).find(sha256("x"))).toBe(name);
  });

  it("skips empty lines and comments", () => {
    expect(read(`# bad things\n\n${sha256("x")}\n\n`).size).toBe(1);
  });

  it.each([
    ["a hash that is too short", sha256("x").slice(1)],
    ["a hash that is too long", `${sha256("x")}0`],
    ["an MD5 line of ClamAV", "44d88612fea8a8f36de82e1278abb02f:68:Evil.A"],
    ["a ClamAV line without a size", `${sha256("x")}:Evil.A`],
    ["words", "hello"],
  ])("refuses %s", (_what, line) => {
    expect(() => parseHashList(`\n${line}`)).toThrow(HashListError);
  });

  it("says which line it does not understand", () => {
    expect(() => parseHashList(`${sha256("x")}\n\nwhat`)).toThrow(
      'line 3 is no SHA-256 entry: "what"',
    );
  });

  it("reads an empty list, which lists nothing", () => {
    expect(read("").find(sha256("x"))).toBeUndefined();
  });
});

describe("HashList", () => {
  it("finds exactly what is listed", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string()), fc.uniqueArray(fc.string()), (inside, outside) => {
        const list = read(inside.map((text, index) => `${sha256(text)} name-${index}`).join("\n"));
        for (const [index, text] of inside.entries()) {
          expect(list.find(sha256(text))).toBe(`name-${index}`);
        }
        for (const text of outside.filter((text) => !inside.includes(text))) {
          expect(list.find(sha256(text))).toBeUndefined();
        }
      }),
    );
  });

  it("keeps names apart that are not ASCII", () => {
    const list = read(`${sha256("a")} Böse\n${sha256("b")} 恶意\n${sha256("c")}`);
    expect(["a", "b", "c"].map((text) => list.find(sha256(text)))).toEqual(["Böse", "恶意", ""]);
  });
});
