import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type ByteSource,
  MemorySource,
  openSource,
  pieces,
  RangeSource,
  withBytes,
} from "../../../src/scanners/content/byte-source.ts";
import { EicarEngine } from "../../../src/scanners/content/eicar.ts";
import { Specimen } from "../../../src/scanners/content/specimen.ts";
import { makeEngines } from "../../../src/scanners/embedded/engines.ts";
import { ARCHIVE_LIMITS } from "../../../src/scanners/index.ts";
import { HashList, parseHashList } from "../../../src/scanners/list/hashes/hash-list.ts";
import { ListEngine } from "../../../src/scanners/list/list-engine.ts";
import { countRules, readRuleFiles, rulesDigest } from "../../../src/scanners/yara/rule-files.ts";
import { loadYara } from "../../../src/scanners/yara/yara-native.ts";
import { eicar } from "../../support/samples/eicar.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

const specimen = (content: Buffer | string) =>
  new Specimen(new MemorySource(Buffer.from(content)), { fileName: "" });

describe("the EICAR matcher", () => {
  const finds = (content: Buffer | string) =>
    new EicarEngine().inspect(specimen(content)).length > 0;

  it.each<[string, Buffer]>([
    ["alone", eicar],
    ["in text", Buffer.from(`before ${eicar} after`)],
    ["in UTF-16", Buffer.from(eicar.toString(), "utf16le")],
    ["in UTF-16 of the other byte order", Buffer.from(eicar.toString(), "utf16le").swap16()],
    ["in Base64", Buffer.from(eicar.toString("base64"))],
    ["in Base64 behind one byte", Buffer.from(Buffer.from(`a${eicar}`).toString("base64"))],
    ["in Base64 between two bytes", Buffer.from(Buffer.from(`ab${eicar}cd`).toString("base64"))],
  ])("finds it %s", (_what, content) => {
    expect(finds(content)).toBe(true);
  });

  it("does not find it cut off, or changed", () => {
    expect(finds(eicar.subarray(1))).toBe(false);
    expect(finds(eicar.toString().toLowerCase())).toBe(false);
  });
});

describe("the hash list as an engine", () => {
  const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
  const engine = new ListEngine(
    new HashList(parseHashList(`${sha256("a")} Known\n${sha256("b")}`)),
  );
  const nameOf = (text: string) => engine.inspect(specimen(text))[0]?.threat.name;

  it("finds what is listed by its content", () => {
    expect([nameOf("a"), nameOf("b"), nameOf("c")]).toEqual(["Known", "Listed-Hash", undefined]);
  });

  it("believes the hash that comes with the entity", () => {
    const known = new Specimen(new MemorySource(Buffer.from("c")), {
      fileName: "",
      sha256: sha256("a"),
    });
    expect(engine.inspect(known)).toHaveLength(1);
  });
});

describe("makeEngines", () => {
  it.skipIf(!loadYara().available)("compiles the rules, and says how many there are", () => {
    const rules = [{ source: 'rule a { strings: $a = "bad" condition: $a }', namespace: "a.yar" }];
    const { engines, report } = makeEngines({
      nativeEngine: true,
      rules,
      limits: ARCHIVE_LIMITS,
      windowBytes: 1024,
      engineTimeoutMs: 30_000,
    });
    expect(report).toMatchObject({ engine: "yara-x", rules: 1, unavailable: undefined });
    expect(engines.flatMap((engine) => engine.inspect(specimen("so bad")))).toHaveLength(1);
  });
});

describe("rule files", () => {
  let directory: TempDirectory;
  beforeEach(() => {
    directory = new TempDirectory();
  });
  afterEach(() => directory.remove());

  it("are those with the endings of rules, in order, each a namespace", () => {
    for (const name of ["b.yar", "a.yara", "readme.md", "c.yar.bak"]) {
      writeFileSync(directory.join(name), name);
    }
    expect(readRuleFiles([directory.path])).toEqual([
      { source: "a.yara", namespace: "a.yara" },
      { source: "b.yar", namespace: "b.yar" },
    ]);
  });

  it("of several directories may have the same name", () => {
    mkdirSync(directory.join("other"));
    writeFileSync(directory.join("a.yar"), "1");
    writeFileSync(directory.join("other", "a.yar"), "2");
    const namespaces = readRuleFiles([directory.path, directory.join("other")]).map(
      ({ namespace }) => namespace,
    );
    expect(namespaces).toEqual(["a.yar", "1/a.yar"]);
  });

  it("are counted without comments, and without private rules", () => {
    const source =
      "// rule no {\n/* rule no {\n*/\nprivate rule part {}\nglobal rule one {}\nrule two : tag {}\n  rule three {}";
    expect(countRules([{ source, namespace: "a" }])).toBe(3);
  });

  it("have a digest that changes with their text and their names", () => {
    const digests = [
      [{ source: "a", namespace: "n" }],
      [{ source: "b", namespace: "n" }],
      [{ source: "a", namespace: "m" }],
      [],
    ].map(rulesDigest);
    expect(new Set(digests).size).toBe(4);
  });
});

describe("a source of bytes", () => {
  let directory: TempDirectory;
  beforeEach(() => {
    directory = new TempDirectory();
  });
  afterEach(() => directory.remove());

  const content = Buffer.from("0123456789");
  function sources(): [string, ByteSource][] {
    const path = directory.join("file");
    writeFileSync(path, "<<0123456789>>");
    return [
      ["memory", new MemorySource(content)],
      ["a range of a file", openSource({ kind: "file", path, offset: 2, length: 10 })],
      [
        "a range of a source",
        new RangeSource(new MemorySource(Buffer.from("-0123456789-")), 1, 10),
      ],
    ];
  }

  it("gives what is there, and no more", () => {
    for (const [what, source] of sources()) {
      expect([what, source.size]).toEqual([what, 10]);
      expect([what, source.read(3, 4).toString()]).toEqual([what, "3456"]);
      expect([what, source.read(8, 99).toString()]).toEqual([what, "89"]);
      expect([what, source.read(99, 5).length]).toEqual([what, 0]);
      source.close();
    }
  });

  it("fills what it is given", () => {
    for (const [what, source] of sources()) {
      const target = Buffer.alloc(4, "x");
      expect([what, source.readInto(target, 8), target.toString()]).toEqual([what, 2, "89xx"]);
      source.close();
      source.close();
    }
  });

  it("gives its bytes in one piece for as long as they are used", () => {
    for (const [what, source] of sources()) {
      const text = withBytes(source, { offset: 2, length: 3 }, (bytes) => bytes.toString());
      expect([what, text]).toEqual([what, "234"]);
      source.close();
    }
  });

  it("gives all of it piece by piece", () => {
    for (const [what, source] of sources()) {
      expect([what, Buffer.concat([...pieces(source)]).toString()]).toEqual([what, "0123456789"]);
      source.close();
    }
  });

  it("does not follow a link: a spool file is none", () => {
    expect(() =>
      openSource({ kind: "file", path: "/proc/self/cwd", offset: 0, length: 1 }),
    ).toThrow();
  });

  it("throws when the file is shorter than it should be", () => {
    writeFileSync(directory.join("short"), "ab");
    const source = openSource({
      kind: "file",
      path: directory.join("short"),
      offset: 0,
      length: 5,
    });
    expect(() => source.read(0, 5)).toThrow("shorter");
    source.close();
  });
});
