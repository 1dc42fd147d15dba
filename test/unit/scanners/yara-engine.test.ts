import { describe, expect, it } from "vitest";
import { MemorySource } from "../../../src/scanners/content/byte-source.ts";
import { EngineTimeout } from "../../../src/scanners/content/content-engine.ts";
import { Specimen } from "../../../src/scanners/content/specimen.ts";
import { YaraEngine } from "../../../src/scanners/yara/yara-engine.ts";
import type { YaraMatch, YaraNative, YaraRules } from "../../../src/scanners/yara/yara-native.ts";

const KiB = 1024;

/** A binding that notes what it is asked and answers what the test says. */
class ScriptedNative implements YaraNative {
  readonly scanned: { readonly bytes: Buffer; readonly variables: unknown }[] = [];
  readonly options: unknown[] = [];
  answer: () => YaraMatch[] = () => [];
  compileError: Error | undefined;
  problems: Readonly<Record<string, string>> = {};

  deserialize(): YaraRules {
    throw new Error("nothing was compiled before");
  }

  compile(_source: string, options?: unknown): YaraRules {
    this.options.push(options);
    return {
      serialize: () => Buffer.alloc(0),
      addRuleSources: () => {
        if (this.compileError !== undefined) throw this.compileError;
      },
      setTimeout: (timeoutMs) => this.options.push({ timeoutMs }),
      setMaxMatchesPerPattern: (count) => this.options.push({ count }),
      scan: (bytes, variables) => {
        this.scanned.push({ bytes: Buffer.from(bytes), variables });
        return this.answer();
      },
    };
  }

  validate(source: string) {
    const message = this.problems[source];
    return { errors: message === undefined ? [] : [{ message }], warnings: [] };
  }
}

const match = (ruleIdentifier: string, meta: YaraMatch["meta"] = {}): YaraMatch => ({
  ruleIdentifier,
  namespace: "a.yar",
  meta,
  tags: [],
});

function engineOn(native: ScriptedNative, windowBytes = 256 * KiB): YaraEngine {
  const sources = [
    { source: "good", namespace: "good.yar" },
    { source: "wrong", namespace: "wrong.yar" },
  ];
  return new YaraEngine({ native, sources, timeoutMs: 4000, windowBytes });
}

const specimen = (bytes: Buffer, fileName = "a.txt") =>
  new Specimen(new MemorySource(bytes), { fileName });

describe("a match becomes a finding", () => {
  const findingOf = (meta: YaraMatch["meta"]) => {
    const native = new ScriptedNative();
    native.answer = () => [match("some_rule", meta)];
    return engineOn(native).inspect(specimen(Buffer.from("x")))[0];
  };

  it("named as the rule says, or like the rule", () => {
    expect(findingOf({ name: "Evil" })?.threat.name).toBe("Evil");
    expect(findingOf({})?.threat.name).toBe("some_rule");
  });

  it("that blocks unless the rule says suspicious", () => {
    expect(findingOf({})?.severity).toBe("block");
    expect(findingOf({ severity: "block" })?.severity).toBe("block");
    expect(findingOf({ severity: "suspicious" })?.severity).toBe("suspicious");
  });

  it("with author and reference, where there are any", () => {
    expect(findingOf({ author: "Me", reference: "https://x.example" })?.threat.ref).toBe(
      "Me, https://x.example",
    );
    expect(findingOf({ reference: 5 })?.threat).not.toHaveProperty("ref");
  });
});

describe("content", () => {
  it("up to the window is scanned in one piece", () => {
    const native = new ScriptedNative();
    engineOn(native).inspect(specimen(Buffer.alloc(256 * KiB)));
    expect(native.scanned.map(({ bytes }) => bytes.length)).toEqual([256 * KiB]);
  });

  it("above the window is scanned in pieces that overlap, each behind the start", () => {
    const native = new ScriptedNative();
    const content = Buffer.alloc(600 * KiB);
    for (let at = 0; at < content.length; at += 4) content.writeUInt32LE(at, at);
    engineOn(native).inspect(specimen(content));
    const [first, ...later] = native.scanned.map(({ bytes }) => bytes);
    expect(first?.equals(content.subarray(0, 256 * KiB))).toBe(true);
    expect(
      later.every((bytes) => bytes.subarray(0, 64 * KiB).equals(content.subarray(0, 64 * KiB))),
    ).toBe(true);
    expect(later.map((bytes) => bytes.readUInt32LE(64 * KiB) / KiB)).toEqual([192, 384]);
    expect(later.map((bytes) => bytes.length / KiB)).toEqual([64 + 256, 64 + 216]);
  });

  it("that matches in several pieces is one finding for each rule", () => {
    const native = new ScriptedNative();
    native.answer = () => [match("one"), match("two")];
    const found = engineOn(native).inspect(specimen(Buffer.alloc(600 * KiB)));
    expect(found.map(({ threat }) => threat.name)).toEqual(["one", "two"]);
  });

  it("comes with its name, extension, path and type", () => {
    const native = new ScriptedNative();
    const source = new MemorySource(Buffer.from("hello world"));
    const facts = { fileName: "b\\Report.PDF", path: "z.zip/b/Report.PDF", declaredType: "x/y" };
    engineOn(native).inspect(new Specimen(source, facts));
    expect(native.scanned[0]?.variables).toEqual({
      filename: "Report.PDF",
      extension: ".pdf",
      filepath: "z.zip/b/Report.PDF",
      filetype: "text/plain",
      owner: "",
    });
  });
});

describe("the engine", () => {
  it("says timeout when the binding does", () => {
    const native = new ScriptedNative();
    native.answer = () => {
      throw new Error("Scan timed out");
    };
    expect(() => engineOn(native).inspect(specimen(Buffer.from("x")))).toThrow(EngineTimeout);
  });

  it("hands any other error on, also for content in pieces", () => {
    const native = new ScriptedNative();
    native.answer = () => {
      throw new Error("out of luck");
    };
    expect(() => engineOn(native).inspect(specimen(Buffer.alloc(600 * KiB)))).toThrow(
      "out of luck",
    );
  });

  it("limits time and matches, and allows no includes", () => {
    const native = new ScriptedNative();
    engineOn(native);
    expect(native.options).toMatchObject([
      { enableIncludes: false },
      { timeoutMs: 4000 },
      { count: 1000 },
    ]);
  });

  it("names the file of a rule that is wrong", () => {
    const native = new ScriptedNative();
    native.compileError = new Error("line 1");
    native.problems = { wrong: "line 1: unknown identifier" };
    expect(() => engineOn(native)).toThrow("wrong.yar: line 1: unknown identifier");
  });

  it("hands the compiler's error on when no file is wrong by itself", () => {
    const native = new ScriptedNative();
    native.compileError = new Error("duplicate rule");
    expect(() => engineOn(native)).toThrow("duplicate rule");
  });
});
