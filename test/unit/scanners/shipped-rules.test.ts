import { describe, expect, it } from "vitest";
import { MemorySource } from "../../../src/scanners/content/byte-source.ts";
import type { ContentEngine } from "../../../src/scanners/content/content-engine.ts";
import { Specimen } from "../../../src/scanners/content/specimen.ts";
import {
  countRules,
  readRuleFiles,
  shippedRulesDirectory,
} from "../../../src/scanners/yara/rule-files.ts";
import { YaraEngine } from "../../../src/scanners/yara/yara-engine.ts";
import { loadYara } from "../../../src/scanners/yara/yara-native.ts";
import { ruleSamples, type Sample } from "../../support/samples/rule-samples.ts";

const sources = readRuleFiles([shippedRulesDirectory()]);
const code = sources.map(({ source }) => source).join("\n");
const rules = [
  ...code.matchAll(/^rule (\w+) \{\n {2}meta:\n([\s\S]*?)\n {2}(?:strings|condition):/gm),
].map(([, identifier = "", meta = ""]) => ({ identifier, meta }));
const nameOf = (meta: string) => /name = "([^"]+)"/.exec(meta)?.[1] ?? "";

describe("the rules that come with Sluice", () => {
  it("are about forty or more", () => {
    expect(rules.length).toBeGreaterThanOrEqual(40);
    expect(countRules(sources)).toBe(rules.length);
  });

  it("have a sample each, and no sample is left without its rule", () => {
    expect(Object.keys(ruleSamples).sort()).toEqual(rules.map((rule) => rule.identifier).sort());
  });

  it.each(rules)(
    "$identifier says what it finds, how bad it is and where to read more",
    ({ meta }) => {
      expect(meta).toMatch(/name = "[A-Z][\w.-]+"/);
      expect(meta).toMatch(/description = "[^"]{20,120}"/);
      expect(meta).toMatch(/severity = "(block|suspicious)"/);
      expect(meta).toMatch(/reference = "https:\/\/[^"]+"/);
    },
  );

  it("give every threat a name of its own", () => {
    const names = rules.map(({ meta }) => nameOf(meta));
    expect(new Set(names).size).toBe(names.length);
  });
});

const yara = loadYara();

describe.skipIf(!yara.available)("with YARA", () => {
  const engine: ContentEngine | undefined = yara.available
    ? new YaraEngine({ native: yara.native, sources, timeoutMs: 5000, windowBytes: 1 << 24 })
    : undefined;
  const threatsIn = ({ bytes, fileName, path = "" }: Sample) =>
    (engine?.inspect(new Specimen(new MemorySource(bytes), { fileName, path })) ?? []).map(
      ({ threat }) => threat.name,
    );
  const cases = rules.flatMap(({ identifier, meta }) => {
    const { found = [], nearMiss = [] } = ruleSamples[identifier] ?? {};
    return [
      ...found.map((sample, index) => ({
        identifier,
        index,
        sample,
        name: nameOf(meta),
        hit: true,
      })),
      ...nearMiss.map((sample, index) => ({
        identifier,
        index,
        sample,
        name: nameOf(meta),
        hit: false,
      })),
    ];
  });

  it.each(cases.filter(({ hit }) => hit))(
    "$identifier finds its sample $index",
    ({ sample, name }) => {
      expect(threatsIn(sample)).toContain(name);
    },
  );

  it.each(cases.filter(({ hit }) => !hit))(
    "$identifier passes its near miss $index",
    ({ sample, name }) => {
      expect(threatsIn(sample)).not.toContain(name);
    },
  );

  it("compile without a warning", () => {
    const options = {
      defineVariables: { filename: "", filepath: "", extension: "", filetype: "", owner: "" },
      relaxedReSyntax: true,
    };
    const warnings = sources.flatMap(({ source }) =>
      yara.available ? yara.native.validate(source, options).warnings : [],
    );
    expect(warnings).toEqual([]);
  });
});
