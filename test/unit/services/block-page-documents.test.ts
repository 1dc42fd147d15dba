import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { templateNames } from "../../../src/services/block-page/html-template.ts";
import { parseTemplate } from "../../../src/services/block-page/index.ts";
import { PageReason } from "../../../src/services/block-page/page-reason.ts";

const page = readFileSync(new URL("../../../docs/block-page.md", import.meta.url), "utf8");

/** The code spans in the first cells of the table below a heading. */
function firstCells(heading: string): string[] {
  const section = page.split(`${heading}\n`)[1]?.split(/\n#+ /)[0] ?? "";
  const cells = [...section.matchAll(/^\| (`[^|]+) \|/gm)].map(([, cell = ""]) => cell);
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name));
}

describe("docs/block-page.md", () => {
  it("explains every name of a template, and no other", () => {
    expect(firstCells("### Names").sort()).toEqual([...templateNames].sort());
  });

  it("explains every reason, and no other", () => {
    expect(firstCells("## What it says").sort()).toEqual(Object.values(PageReason).sort());
  });

  it("has an example of a template that is taken", () => {
    const example = /```html\n([\s\S]*?)```/.exec(page)?.[1] ?? "{{none}}";
    expect(parseTemplate(example)).toMatchObject({ ok: true });
  });
});
