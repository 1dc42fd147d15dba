import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type BlockInfo, parseContact } from "../../../src/services/block-page/index.ts";
import { blockInfo, htmlOf } from "./block-page-info.ts";

const folder = new URL("../../golden/block-page/", import.meta.url);
const renewing = process.env["GOLDEN"] === "write";

const pages: readonly (readonly [name: string, info: BlockInfo, acceptLanguage: string])[] = [
  ["malware.en.html", blockInfo(), "en"],
  ["malware.ar.html", blockInfo(), "ar"],
  [
    "timeout.en.html",
    blockInfo({
      cause: "timeout",
      reason: undefined,
      direction: "reqmod",
      threats: [],
      message: undefined,
    }),
    "en",
  ],
];

describe("the page as a reader gets it", () => {
  // `GOLDEN=write vitest run test/unit/services/block-page-golden.test.ts` writes what is compared here.
  it.each(pages)("%s is as it was looked at and kept", (name, info, acceptLanguage) => {
    const contact = parseContact("IT help desk <it-help@example.com>");
    const html = htmlOf(info, { acceptLanguage, options: { contact } });
    const file = new URL(name, folder);
    if (renewing) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(file, html);
    }
    expect(html).toBe(readFileSync(file, "utf8"));
  });
});
