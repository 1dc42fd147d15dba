import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { AcceptedReason, ResolvedRefsReason } from "../../../src/resources/index.ts";

const page = readFileSync(
  new URL("../../../docs/resources/conditions.md", import.meta.url),
  "utf8",
);

function reasonsBelow(heading: string): string[] {
  const section = page.split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  return [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, reason = ""]) => reason);
}

describe("docs/resources/conditions.md", () => {
  it.each([
    ["Accepted", AcceptedReason],
    ["ResolvedRefs", ResolvedRefsReason],
  ])("explains every reason of %s and no other", (type, reasons) => {
    expect(reasonsBelow(type).sort()).toEqual(Object.values(reasons).sort());
  });
});
