import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CAPABILITIES } from "../../../src/app/options.ts";
import { compileFiles } from "../../../src/resources/index.ts";
import { readExecConfig, readListSettings } from "../../../src/scanners/index.ts";

const root = new URL("../../../", import.meta.url);
const textOf = (path: string): string => readFileSync(new URL(path, root), "utf8");
const services = readdirSync(new URL("examples/services/", root)).map(
  (name) => `examples/services/${name}`,
);
const page = textOf("docs/cookbook.md");
const shown = [...page.matchAll(/```yaml\n# (\S+)\n([\s\S]*?)```/g)];

/** Without the comment that leads to the page. */
const withoutHead = (text: string): string => text.replace(/^#.*\n/, "");

describe.each(services)("%s", (name) => {
  const text = textOf(name);
  const { problems, table } = compileFiles([{ name, text }], { capabilities: CAPABILITIES });

  it("compiles", () => {
    expect(problems).toEqual([]);
  });

  it("offers the path that clients are set up for", () => {
    expect(table.services.map(({ path }) => path)).toEqual(["/scan"]);
  });

  it("is served by a command of docs/cookbook.md", () => {
    expect(page).toContain(`npm start -s -- -f ${name}\n`);
  });
});

describe("docs/cookbook.md", () => {
  it("shows all services of examples", () => {
    const names = shown.map(([, name = ""]) => name);
    expect(names.filter((name) => name.startsWith("examples/services/")).sort()).toEqual(services);
  });

  it.each(shown.map(([, name = "", text]) => [name, text]))("shows %s as it is", (name, text) => {
    expect(text).toBe(withoutHead(textOf(name)));
  });

  it("shows settings of scanners that are right", async () => {
    await expect(readListSettings("examples/lists/domains.yaml")).resolves.toBeDefined();
    await expect(readExecConfig("examples/exec/grep.yaml")).resolves.toBeDefined();
  });
});
