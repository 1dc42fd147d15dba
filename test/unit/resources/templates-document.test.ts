import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { compile, compileTemplate, readTemplate } from "../../../src/resources/index.ts";
import { options } from "./builders.ts";

const page = readFileSync(new URL("../../../docs/templates.md", import.meta.url), "utf8");
const blocks = [...page.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, text = ""]) => text);
const [template = ""] = blocks.filter((text) => text.startsWith("# acme.yaml"));
const [resource = ""] = blocks.filter((text) => text.includes("kind: IcapScanner"));

describe("docs/templates.md", () => {
  it("has a template that is right, of no more lines than it says", () => {
    const read = readTemplate(template);
    if ("problems" in read) throw new Error(JSON.stringify(read.problems));
    const given = { params: {}, secrets: ["apiKey"], baseUrl: undefined };
    expect(compileTemplate(read.spec, given)).toHaveProperty("template");
    expect(template.trim().split("\n").length).toBeLessThanOrEqual(20);
  });

  it("has a scanner that is right", () => {
    const [report] = compile([parse(resource)], options).objects;
    expect(report?.problems).toEqual([]);
  });
});
