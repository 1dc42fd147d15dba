import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CAPABILITIES } from "../../../src/app/options.ts";
import { compileFiles, presetNames } from "../../../src/resources/index.ts";
import { vendors } from "../../contracts/vendors/index.ts";

const pageOf = (name: string): string =>
  readFileSync(new URL(`../../../docs/${name}`, import.meta.url), "utf8");

const resourcesIn = (page: string): string[] =>
  [...page.matchAll(/```yaml\n(apiVersion: [^`]*)```/g)].map(([, text = ""]) => text);

/** The resources, with a service that uses the scanner where they have none. */
function used(text: string): string {
  if (text.includes("kind: IcapService")) return text;
  const name = /metadata: \{ name: ([a-z0-9-]+) \}/.exec(text)?.[1];
  return `${text}---
apiVersion: icap.sluice.dev/v1alpha1
kind: IcapService
metadata: { name: user }
spec: { path: /user, scanners: [{ name: it, ref: { kind: IcapScanner, name: ${name} } }] }
`;
}

const presets = pageOf("presets.md");
const sections = new Map(
  presets
    .split(/^## /m)
    .slice(1)
    .map((section) => [section.split("\n", 1)[0] ?? "", section]),
);

describe("the page of presets", () => {
  it("has a section for each preset", () => {
    const headings = [...sections.keys()].filter((heading) => /^[A-Z]\w+$/.test(heading));
    expect(headings.sort()).toEqual(presetNames().sort());
  });

  it.each(vendors.map(({ preset, fixture }) => [preset, fixture.read]))(
    "says that %s was not run against the live service, and of what day its description is",
    (preset, read) => {
      expect(sections.get(preset)).toMatch(
        new RegExp(`^Not run against the live service; .* as of ${read}\\.$`, "m"),
      );
    },
  );

  it("has an example for each preset", () => {
    const named = resourcesIn(presets).map((text) => /preset: (\w+)/.exec(text)?.[1]);
    expect(named.sort()).toEqual(presetNames().sort());
  });
});

describe.each(["presets.md", "icap-chain.md"])("the examples of docs/%s", (page) => {
  it.each(resourcesIn(pageOf(page)))("compile: %#", (text) => {
    const files = [{ name: page, text: used(text) }];
    const { problems, table } = compileFiles(files, { capabilities: CAPABILITIES });
    expect(problems).toEqual([]);
    expect(table.scanners).toHaveLength(1);
  });
});
