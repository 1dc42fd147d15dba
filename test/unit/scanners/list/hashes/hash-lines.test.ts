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
