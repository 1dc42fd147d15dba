import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LanguageMatcher, negotiateFormat } from "../../../src/services/block-page/negotiation.ts";
import { builtInTexts } from "../../../src/services/block-page/page-texts.ts";
import { blockInfo, pageOf } from "./block-page-info.ts";

const matcher = new LanguageMatcher(builtInTexts, "en");
const language = (header?: string) => matcher.match(header).language;

describe("the format of the page [RFC 9110 §12.5.1]", () => {
  it.each([
    [
      "a browser",
      "html",
      "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
    ],
    ["a client without Accept", "html", undefined],
    ["curl", "html", "*/*"],
    ["an image element", "html", "image/avif,image/webp,image/*,*/*;q=0.8"],
    ["a style sheet", "html", "text/css,*/*;q=0.1"],
    ["axios", "json", "application/json, text/plain, */*"],
    ["a program that knows problem documents", "json", "application/problem+json"],
    ["npm", "json", "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*"],
    ["the GitHub client", "json", "application/vnd.github+json"],
    ["a terminal", "text", "text/plain"],
    ["one that likes plain text best", "text", "text/html;q=0.5, text/plain"],
    ["one that refuses HTML", "json", "text/html;q=0, */*"],
    ["one that takes nothing we have", "html", "video/mp4"],
    ["an empty Accept", "html", ""],
  ])("for %s is %s", (_, format, accept) => {
    expect(negotiateFormat(accept)).toBe(format);
  });

  it("is found for any Accept whatever", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" })), (accept) => {
        expect(["html", "json", "text"]).toContain(negotiateFormat(accept));
      }),
    );
  });

  it("is decided by what comes first in an Accept too long to read", () => {
    expect(negotiateFormat(`application/json, ${"a/b;q=0.1, ".repeat(10_000)}text/html`)).toBe(
      "json",
    );
  });
});

describe("the language of the page [RFC 4647 §3.4]", () => {
  it.each([
    ["de", "de", "the language itself"],
    ["de-AT", "de", "a region of it"],
    ["fr-CA, en;q=0.5", "fr", "the first of several"],
    ["en;q=0.5, es;q=0.9", "es", "the one of the highest quality"],
    ["sv, nb, es", "es", "the first that there is"],
    ["ar-EG", "ar", "Arabic of a country"],
    ["ZH-cn", "zh-Hans", "Chinese in China, in any case of letters"],
    ["zh-SG", "zh-Hans", "Chinese in Singapore"],
    ["zh", "zh-Hans", "Chinese without a script"],
    ["zh-Hans-HK", "zh-Hans", "simplified Chinese in Hong Kong"],
    ["zh-TW, de;q=0.5", "de", "not simplified characters for Taiwan"],
    ["zh-Hant, en;q=0.1", "en", "not simplified characters for traditional ones"],
    ["zh-TW, zh;q=0.9, en;q=0.8", "zh-Hans", "simplified ones for who takes any Chinese"],
    ["de;q=0, fr;q=0.1", "fr", "not what is refused"],
    ["*", "en", "the fallback for any"],
    ["sv", "en", "the fallback for none of ours"],
    ["", "en", "the fallback for an empty list"],
    ["!!, ;;, q=1, de", "de", "what can be read among what cannot"],
  ])("%s → %s: %s", (header, expected) => {
    expect(language(header)).toBe(expected);
  });

  it("is the fallback without the field", () => {
    expect(language(undefined)).toBe("en");
  });

  it("is found for any Accept-Language whatever", () => {
    const known = builtInTexts.map((texts) => texts.language);
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" })), (header) => {
        expect(known).toContain(language(header));
      }),
    );
  });

  it("is another fallback where that is set", () => {
    expect(pageOf(blockInfo(), { options: { fallbackLanguage: "de-CH" } }).contentLanguage).toBe(
      "de",
    );
  });

  it("cannot fall back on a language without texts", () => {
    expect(() => pageOf(blockInfo(), { options: { fallbackLanguage: "sv" } })).toThrow(
      'no texts in language "sv"',
    );
  });

  it("can be one that was added", () => {
    const [english] = builtInTexts;
    if (english === undefined) throw new Error("there are no built-in texts");
    const texts = [{ ...english, language: "sv" }];
    const page = pageOf(blockInfo(), { acceptLanguage: "sv-SE", options: { texts } });
    expect(page.contentLanguage).toBe("sv");
  });
});
