import { describe, expect, it } from "vitest";
import { type HashFormat, hashReader } from "../../../../../src/scanners/list/hashes/hash-lines.ts";
import { MAX_LINE_BYTES } from "../../../../../src/scanners/list/list-lines.ts";

const hex = "0123456789abcdef0123456789abcdef";

describe("a line of a hash list", () => {
  it.each([
    [hex, ""],
    [`  ${hex}  `, ""],
    [`${hex} Win.Trojan`, "Win.Trojan"],
    [`${hex}  *setup.exe`, "setup.exe"],
    [`${hex} , Win.Trojan `, "Win.Trojan"],
    [`"${hex}","Win, Trojan"`, "Win, Trojan"],
  ])("%j names %j", (line, name) => {
    expect(hashReader("plain")(line)).toEqual({ algorithm: "md5", hex, name });
  });

  it.each([`${hex}0`, `${hex}*name`, `x ${hex}`, "hello"])("%j is not understood", (line) => {
    expect(hashReader("plain")(line)).toBeUndefined();
  });

  it.each([`${hex}:68:Eicar`, `${hex}:*:Eicar:73`, `${hex}:68:Eicar:73:99 `])(
    "%j is one of ClamAV",
    (line) => {
      expect(hashReader("clamav")(line)).toEqual({ algorithm: "md5", hex, name: "Eicar" });
    },
  );

  // A pattern that tries every share of a row of blanks would take minutes for each of these.
  it.each<[HashFormat, string, string]>([
    ["plain", hex, "\rx\r"],
    ["auto", hex, " x\u2028"],
    ["clamav", `${hex}:1:x`, ":a:b:c"],
  ])("is read at once as %s, whatever stands behind %s", (format, start, end) => {
    const line = start.padEnd(MAX_LINE_BYTES - end.length) + end;
    const read = hashReader(format);
    for (let times = 0; times < 100; times += 1) read(line);
    expect(read(line) === undefined).toBe(format === "clamav");
  });
});

describe("a list of hashes as others publish it", () => {
  const sha1 = "0123456789abcdef0123456789abcdef01234567";
  const sha256 = `${sha1}${sha1.slice(0, 24)}`;
  const md5Of = (name: string) => ({ algorithm: "md5", hex, name });
  const sha256Of = (name: string) => ({ algorithm: "sha256", hex: sha256, name });
  const readAll = (format: HashFormat, lines: readonly string[]) => lines.map(hashReader(format));

  it("as abuse.ch has it: a header that is a comment, and quotes", () => {
    const lines = [
      "################",
      '# "first_seen","sha256_hash","md5_hash","signature"',
      `"2026-01-01","${sha256}","${hex}","Agent, ""Tesla"""`,
      "# end",
    ];
    expect(readAll("auto", lines)).toEqual([
      "nothing",
      "nothing",
      sha256Of('Agent, "Tesla"'),
      "nothing",
    ]);
  });

  it("as NSRL has it: the strongest hash of a row that has one, n/a where there is none", () => {
    const lines = [
      '"SHA-1","MD5","FileName"',
      `"${sha1}","${hex}","a.exe"`,
      `n/a,${hex},b.exe`,
      "n/a,n/a,c.exe",
      "",
    ];
    expect(readAll("csv", lines)).toEqual([
      "nothing",
      { algorithm: "sha1", hex: sha1, name: "a.exe" },
      md5Of("b.exe"),
      undefined,
      "nothing",
    ]);
  });

  it("as MISP exports it: attributes of all kinds, of which hashes count", () => {
    const lines = [
      "uuid,type,value,comment",
      `1,sha256,${sha256},dropper`,
      `2,filename|md5,run.exe|${hex},`,
      `3,md5,${hex},`,
      "4,domain,evil.example,c2",
      "5,sha256,not a hash,",
    ];
    expect(readAll("csv", lines)).toEqual([
      "nothing",
      sha256Of("dropper"),
      md5Of("run.exe"),
      md5Of(""),
      "nothing",
      undefined,
    ]);
  });

  it("with a header that has no column of hashes is not understood", () => {
    expect(readAll("csv", ["name,size", "a,1"])).toEqual([undefined, undefined]);
  });

  it.each([
    ["plain", [`; comment`, `${sha256}  *a.exe`], sha256Of("a.exe")],
    ["ClamAV's", [`# comment`, `${hex}:68:Eicar`], md5Of("Eicar")],
  ])("that is %s is known by its first line that says something", (_name, lines, last) => {
    expect(readAll("auto", lines)).toEqual(["nothing", last]);
  });

  it("that begins with what nobody understands is no list of hashes", () => {
    expect(readAll("auto", ["hello world", hex])[0]).toBeUndefined();
  });
});
