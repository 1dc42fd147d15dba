import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DEFAULT_LENIENCY, ERRORS, REASON_PHRASES } from "../../../src/protocol/index.ts";

const docs = join(import.meta.dirname, "..", "..", "..", "docs");
const page = (name: string) => readFile(join(docs, name), "utf8");

describe("docs/errors.md", () => {
  it("has each status that Sluice sends, with its phrase where it is no error", async () => {
    const text = await page("errors.md");
    const successes = text.matchAll(/^\| (\d{3}) \| ([^|]+) \| [^|]+ \|$/gm);
    const phrases = Object.fromEntries(
      [...successes].map(([, status, phrase]) => [status, phrase]),
    );
    const errors = new Set(Object.values(ERRORS).map(({ status }) => String(status)));
    const rest = Object.entries(REASON_PHRASES).filter(([status]) => !errors.has(status));
    expect(phrases).toEqual(Object.fromEntries(rest));
  });
});

describe("docs/leniency.md", () => {
  it("has each leniency with its default", async () => {
    const rows = (await page("leniency.md")).matchAll(/^\| `(\w+)` \| (on|off) \|/gm);
    const documented = Object.fromEntries([...rows].map(([, name, on]) => [name, on === "on"]));
    expect(documented).toEqual(DEFAULT_LENIENCY);
  });
});
