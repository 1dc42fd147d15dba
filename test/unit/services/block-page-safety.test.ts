import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  displayedAddress,
  displayedText,
} from "../../../src/services/block-page/displayed-text.ts";
import type { BlockInfo } from "../../../src/services/block-page/index.ts";
import { blockInfo, htmlOf, pageOf } from "./block-page-info.ts";

/** Text as an attacker would choose it, and any other. */
const hostile = fc.oneof(
  fc.constantFrom(
    "<script>alert(1)</script>",
    "'\"><img src=x onerror=alert(1)>",
    "{{incident}}{{{title}}}{{> x}}",
    "</style></title><!--",
    "a\r\nSet-Cookie: x=1\r\n\r\n<html>",
    "\u202egnp.exe\u2066\u0000\ud800",
  ),
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme", maxLength: 2000 }),
);

/** A page in which an attacker chose everything that an attacker can choose. */
const attacked = fc
  .record({ name: hostile, path: hostile, engine: hostile, text: hostile })
  .map(({ name, path, engine, text }) =>
    // Never empty once cleaned, so that the same elements are there every time.
    blockInfo({
      threats: [{ name: `n${name}`, path: `p${path}`, engine }],
      url: `http://h/${text}`,
      fileName: `f${text}`,
      message: `m${name}`,
      service: `s${path}`,
      incidentId: `i${engine}`,
    }),
  );

/** The page without its texts: elements, attributes, and what makes them. */
const markup = (html: string) => html.replace(/[^<>"'=]/gu, "");

describe("what comes from outside", () => {
  it("never changes the markup of the HTML page", () => {
    const benign = markup(htmlOf(blockInfo()));
    fc.assert(
      fc.property(attacked, (info) => {
        expect(markup(htmlOf(info))).toBe(benign);
      }),
    );
  });

  it("never changes the shape of the JSON page", () => {
    const shape = (info: BlockInfo) =>
      Object.keys(JSON.parse(pageOf(info, { accept: "application/json" }).body.toString()));
    const benign = shape(blockInfo());
    fc.assert(
      fc.property(attacked, (info) => {
        expect(shape(info)).toEqual(benign);
      }),
    );
  });

  it("never adds a line to the plain text page", () => {
    const lines = (text: string) => text.split(/[\r\n\u0085\u2028\u2029]/).length;
    const plain = (info: BlockInfo) => pageOf(info, { accept: "text/plain" }).body.toString();
    const benign = lines(plain(blockInfo()));
    fc.assert(
      fc.property(attacked, (info) => {
        expect(lines(plain(info))).toBe(benign);
      }),
    );
  });

  it("never reaches a header field", () => {
    const benign = pageOf(blockInfo()).headers;
    fc.assert(
      fc.property(attacked, (info) => {
        expect(pageOf(info).headers).toBe(benign);
      }),
    );
  });

  it("never makes a page large", () => {
    const long = "<".repeat(1_000_000);
    const threats = Array.from({ length: 1000 }, () => ({ name: long, path: long }));
    const info = blockInfo({ threats, url: long, fileName: long, message: long, service: long });
    expect(pageOf(info).body.length).toBeLessThan(32 * 1024);
  });
});

describe("text that is shown", () => {
  const show = (text: string) => displayedText(text, 40);

  it.each([
    ["a bidirectional override", "a\u202egnp.exe", "a\ufffdgnp.exe"],
    ["a bidirectional isolate", "a\u2066b\u2069", "a\ufffdb\ufffd"],
    ["an Arabic letter mark", "a\u061cb", "a\ufffdb"],
    ["a zero width space", "a\u200bb", "a\ufffdb"],
    ["a soft hyphen", "a\u00adb", "a\ufffdb"],
    ["an invisible tag character", "a\u{e0041}b", "a\ufffdb"],
    ["a lone surrogate", "a\ud800b", "a\ufffdb"],
    ["a NUL", "a\0b", "a\ufffdb"],
    ["an escape sequence", "\u001b[2J", "\ufffd[2J"],
    ["a noncharacter", "a\uffffb", "a\ufffdb"],
    ["a private character", "a\ue000b", "a\ufffdb"],
  ])("has a replacement for %s", (_, text, shown) => {
    expect(show(text)).toBe(shown);
  });

  it.each([
    ["line ends and tabs", " a\r\n\tb\u2028c ", "a b c"],
    ["a joiner in an emoji", "👩\u200d💻", "👩\u200d💻"],
    ["a Persian non-joiner", "می\u200cخواهم", "می\u200cخواهم"],
    ["other scripts", "счёт-фактура.pdf", "счёт-фактура.pdf"],
  ])("treats %s as people write", (_, text, shown) => {
    expect(show(text)).toBe(shown);
  });

  it("does not let marks grow over other lines", () => {
    expect(show(`a${"\u0301".repeat(100)}b`)).toBe(`a${"\u0301".repeat(8)}b`);
  });

  it("is cut in the middle, so that the extension of a file name stays", () => {
    expect(show(`${"a".repeat(100)}.pdf.exe`)).toBe(`${"a".repeat(26)}…aaaaa.pdf.exe`);
  });

  it("is well-formed, short and without controls, whatever it was", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }),
        fc.integer({ min: 4, max: 60 }),
        (text, length) => {
          const shown = displayedText(text, length);
          expect(shown.length).toBeLessThanOrEqual(length);
          expect(shown.isWellFormed()).toBe(true);
          expect(shown).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
        },
      ),
    );
  });

  it("is not split inside a character", () => {
    expect(displayedText("😀".repeat(100), 9)).toBe("😀😀😀…😀");
  });
});

describe("an address that is shown", () => {
  it.each([
    ["http://user:password@host/path", "http://host/path"],
    ["http://host/path?secret=1#part", "http://host/path?…"],
    ["http://host/path#part", "http://host/path"],
    ["http://host/@path", "http://host/@path"],
    ["host:443", "host:443"],
  ])("%s becomes %s", (url, shown) => {
    expect(displayedAddress(url, 300)).toBe(shown);
  });
});
