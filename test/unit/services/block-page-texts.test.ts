import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { VerdictReason } from "../../../src/scanning/index.ts";
import { parsePageTexts } from "../../../src/services/block-page/index.ts";
import { PageReason, pageReason } from "../../../src/services/block-page/page-reason.ts";
import { builtInTexts } from "../../../src/services/block-page/page-texts.ts";
import { Cause } from "../../../src/telemetry/index.ts";
import { blockInfo, htmlOf } from "./block-page-info.ts";

const folder = new URL("../../../src/services/block-page/texts/", import.meta.url);
const english = JSON.parse(readFileSync(new URL("en.json", folder), "utf8"));

/** `labels.file`, `reasons.malware.title` … */
function keys(value: object, prefix = ""): string[] {
  return Object.entries(value).flatMap(([key, inner]) =>
    typeof inner === "object" ? keys(inner, `${prefix}${key}.`) : [`${prefix}${key}`],
  );
}

describe("the texts of the block page", () => {
  it("are offered in every language that has a file", () => {
    const files = readdirSync(folder).map((name) => name.replace(".json", ""));
    expect(builtInTexts.map(({ language }) => language.toLowerCase()).sort()).toEqual(files.sort());
  });

  describe.each(builtInTexts)("in $language", (texts) => {
    it("have every key that English has, and no other", () => {
      expect(keys(texts).sort()).toEqual(keys(english).sort());
    });

    it("are complete sentences where sentences are wanted", () => {
      const sentences = Object.values(texts.reasons).flatMap((reason) => [
        reason.explanation,
        reason.advice,
      ]);
      for (const sentence of sentences) expect(sentence).toMatch(/[.。]$/);
    });

    it("give every reason a title of its own", () => {
      const titles = Object.values(texts.reasons).map(({ title }) => title);
      expect(new Set(titles).size).toBe(Object.keys(PageReason).length);
    });

    it("are written in the direction of their script", () => {
      const locale = new Intl.Locale(texts.language) as Intl.Locale & {
        getTextInfo(): { direction: string };
      };
      expect(texts.direction).toBe(locale.getTextInfo().direction);
    });

    it.each(Object.values(Cause))("explain the cause %s", (cause) => {
      const reason = pageReason(cause, undefined);
      const html = htmlOf(blockInfo({ cause, reason: undefined }), {
        acceptLanguage: texts.language,
      });
      expect(html).toContain(`<h1>${texts.reasons[reason].title}</h1>`);
    });
  });

  it("are refused with every problem at once", () => {
    const { labels: _, ...rest } = english;
    const result = parsePageTexts({ ...rest, language: "not a tag", colour: "red" });
    expect(!result.ok && result.problems.map((problem) => problem.split(":")[0])).toEqual([
      "language",
      "labels",
      "",
    ]);
  });

  it("are taken when they are complete", () => {
    expect(parsePageTexts(english)).toEqual({ ok: true, texts: english });
  });
});

describe("the reason that a page gives", () => {
  it.each(Object.values(VerdictReason))("is the scanner's for a verdict of %s", (reason) => {
    const expected = { timeout: "timeout", "engine-error": "error", overload: "error" };
    expect(pageReason("verdict", reason)).toBe(expected[reason as keyof typeof expected] ?? reason);
  });

  it("is the rule's for a policy", () => {
    expect(pageReason("policy", "category")).toBe("category");
  });

  it("is precise about what could not be looked into", () => {
    expect(pageReason("unscannable", "encrypted")).toBe("encrypted");
  });

  it("calls a suspicion a suspicion, whatever was suspected", () => {
    expect(pageReason("suspicious", "malware")).toBe("suspicious");
  });

  it("says the same of a failure, whatever was looked for", () => {
    expect(pageReason("error", "malware")).toBe("error");
  });

  it("is a fault, never a blank, for a cause that blocks nothing", () => {
    expect(pageReason("clean", undefined)).toBe("error");
  });
});
