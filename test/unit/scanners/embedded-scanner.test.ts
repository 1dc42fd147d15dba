import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  createEmbeddedScanner,
  type EmbeddedScanner,
  type EmbeddedScannerOptions,
} from "../../../src/scanners/index.ts";
import { loadYara } from "../../../src/scanners/yara/yara-native.ts";
import { readyMade, tarOf } from "../../support/samples/archive-makers.ts";
import { eicar } from "../../support/samples/eicar.ts";
import { entityOf, fileEntityOf, scanContext } from "../../support/samples/entities.ts";
import { bad } from "../../support/samples/inspect.ts";
import { programStub } from "../../support/samples/sample-text.ts";
import { zipOf } from "../../support/samples/zip-maker.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

const sha256 = (content: Buffer | string) => createHash("sha256").update(content).digest("hex");
const startMs = 60_000;
const hasYara = loadYara().available;

const eicarForms: readonly (readonly [string, Buffer, string])[] = [
  ["alone", eicar, "eicar.com"],
  ["with white space after it", Buffer.from(`${eicar}\r\n`.padEnd(128)), "eicar.com"],
  ["in UTF-16", Buffer.from(`\ufeff${eicar}`, "utf16le"), "eicar.txt"],
  ["in HTML", Buffer.from(`<!doctype html><p>${eicar}</p>`), "a.html"],
  ["in Base64", Buffer.from(`{"file":"${eicar.toString("base64")}"}`), "a.json"],
  ["in a zip", zipOf({ name: "eicar.com", content: eicar }), "a.zip"],
  [
    "in a zip in a zip",
    zipOf({ name: "a.zip", content: zipOf({ name: "e", content: eicar }) }),
    "b.zip",
  ],
  ["in gzip", gzipSync(eicar), "eicar.com.gz"],
  ["in a tar in gzip", gzipSync(await tarOf({ name: "eicar.com", content: eicar })), "a.tar.gz"],
  ["in a document", zipOf({ name: "word/embeddings/eicar.bin", content: eicar }), "a.docx"],
];

describe.each([
  ["with YARA", true],
  ["without YARA", false],
])("the embedded scanner %s", (_how, nativeEngine) => {
  let scanner: EmbeddedScanner;
  beforeAll(async () => {
    scanner = await createEmbeddedScanner({ threads: 1, nativeEngine });
  }, startMs);
  afterAll(() => scanner.close(), 60_000);

  it.each(eicarForms)("blocks EICAR %s", async (_what, content, fileName) => {
    const verdict = await scanner.scan(entityOf(content, { fileName }), scanContext());
    expect(verdict).toMatchObject({ kind: "blocked", reason: "malware" });
    expect(verdict.threats[0]?.name).toBe("EICAR-Test-File");
  });

  it("blocks a program that passes itself off as a picture", async () => {
    const entity = entityOf(programStub(), { fileName: "photo.jpg", declaredType: "image/jpeg" });
    expect(await scanner.scan(entity, scanContext())).toMatchObject({
      kind: "blocked",
      reason: "type",
      threats: [{ name: "Disguised-Program.Windows" }],
    });
  });

  it("has nothing against a program that says what it is", async () => {
    const entity = entityOf(programStub(), { fileName: "setup.exe" });
    expect((await scanner.scan(entity, scanContext())).kind).toBe("clean");
  });

  it("says where in an archive a threat is", async () => {
    const entity = entityOf(zipOf({ name: "b/eicar.com", content: eicar }), { fileName: "a.zip" });
    const { threats } = await scanner.scan(entity, scanContext());
    expect(threats[0]).toMatchObject({ path: "a.zip/b/eicar.com", name: "EICAR-Test-File" });
  });

  it("cannot look into what is encrypted", async () => {
    const verdict = await scanner.scan(entityOf(readyMade.sevenZipEncrypted), scanContext());
    expect(verdict).toMatchObject({ kind: "unscannable", reason: "encrypted" });
  });
});

describe("an embedded scanner describes itself", () => {
  it(
    "with engine, version and number of rules",
    async () => {
      const scanner = await createEmbeddedScanner({ threads: 1 });
      expect(scanner.describe()).toMatchObject({
        name: "embedded",
        engine: "yara-x",
        version: expect.stringMatching(/^\d+\.\d+\.\d+$/),
        rules: 60,
        threads: 1,
        degraded: undefined,
      });
      await scanner.close();
    },
    startMs,
  );

  it(
    "as degraded, with the reason, when it must do without YARA",
    async () => {
      const scanner = await createEmbeddedScanner({ threads: 1, nativeEngine: false });
      expect(scanner.describe()).toMatchObject({ engine: "eicar", version: undefined, rules: 0 });
      expect(scanner.describe().degraded).toBe(
        "YARA-X is switched off; scanning with the hash list, EICAR and type rules only",
      );
      await scanner.close();
    },
    startMs,
  );
});

describe.skipIf(!hasYara)("an embedded scanner made for one test", { timeout: startMs }, () => {
  let directory: TempDirectory;
  let scanner: EmbeddedScanner | undefined;
  beforeEach(() => {
    directory = new TempDirectory();
  });
  afterEach(async () => {
    await scanner?.close();
    directory.remove();
  }, startMs);

  async function make(options: EmbeddedScannerOptions = {}): Promise<EmbeddedScanner> {
    scanner = await createEmbeddedScanner({ threads: 1, hashListPollMs: 0, ...options });
    return scanner;
  }

  const writeRule = (text: string) =>
    writeFileSync(
      directory.join("own.yar"),
      `rule own { meta: author = "Me" strings: $a = "${text}" condition: $a }`,
    );

  it("uses rules of one's own beside those that come with Sluice", async () => {
    writeRule("bad content");
    const made = await make({ rulesDirectory: directory.path });
    expect(await made.scan(entityOf(bad), scanContext())).toMatchObject({
      kind: "blocked",
      threats: [{ name: "own", engine: "yara-x", ref: "Me" }],
    });
    expect((await made.scan(entityOf(eicar), scanContext())).kind).toBe("blocked");
  });

  it("uses rules of one's own instead of those that come with Sluice", async () => {
    writeRule("bad content");
    const made = await make({ rulesDirectory: directory.path, shippedRules: false });
    expect((await made.scan(entityOf(eicar), scanContext())).kind).toBe("clean");
    expect(made.describe().rules).toBe(1);
  });

  it("gives rules the name and the type of what they look at", async () => {
    const condition =
      'filename == "a.txt" and extension == ".txt" and filetype == "text/plain" and filepath == "z.zip/b/a.txt"';
    writeFileSync(directory.join("own.yar"), `rule named { condition: ${condition} }`);
    const made = await make({ rulesDirectory: directory.path });
    const entity = entityOf(zipOf({ name: "b/a.txt", content: "hello world" }), {
      fileName: "z.zip",
    });
    expect((await made.scan(entity, scanContext())).threats[0]?.name).toBe("named");
  });

  it.each(["true", "False", "123", "-5", "1.5", "", "x".repeat(5000)])(
    "takes a file named %j for what it is",
    async (fileName) => {
      const made = await make({ nativeEngine: true });
      expect((await made.scan(entityOf("hello", { fileName }), scanContext())).kind).toBe("clean");
    },
  );

  it("is not made of rules that are wrong", async () => {
    writeFileSync(directory.join("own.yar"), "rule wrong { condition: nonsense }");
    await expect(make({ rulesDirectory: directory.path })).rejects.toThrow("own.yar");
  });

  it("is not made of a directory without rules", async () => {
    await expect(make({ rulesDirectory: directory.path })).rejects.toThrow("no .yar or .yara file");
  });

  it("is not made of a hash list that is wrong", async () => {
    writeFileSync(directory.join("list"), "nonsense");
    await expect(make({ hashListPath: directory.join("list") })).rejects.toThrow("line 1");
  });

  it("blocks what is on the hash list, also inside an archive", async () => {
    writeFileSync(directory.join("list"), `${sha256(bad)} Listed.Bad`);
    const made = await make({ hashListPath: directory.join("list") });
    expect(await made.scan(entityOf(bad), scanContext())).toMatchObject({
      kind: "blocked",
      threats: [{ name: "Listed.Bad", engine: "list" }],
    });
    const entity = entityOf(zipOf({ name: "b", content: bad }), { fileName: "a.zip" });
    expect((await made.scan(entity, scanContext())).threats[0]?.path).toBe("a.zip/b");
    expect(made.describe().hashes).toBe(1);
  });

  it("follows a hash list that changes, and so does its epoch", async () => {
    const path = directory.join("list");
    writeFileSync(path, "");
    const made = await make({ hashListPath: path, hashListPollMs: 5 });
    const before = made.epoch;
    expect((await made.scan(entityOf(bad), scanContext())).kind).toBe("clean");
    writeFileSync(path, sha256(bad));
    await expect.poll(() => made.epoch, { timeout: startMs }).not.toBe(before);
    expect((await made.scan(entityOf(bad), scanContext())).kind).toBe("blocked");
  });

  it("tells of a hash list that cannot be read any more, and keeps the old one", async () => {
    const path = directory.join("list");
    writeFileSync(path, sha256(bad));
    const problems: string[] = [];
    const made = await make({
      hashListPath: path,
      hashListPollMs: 5,
      onProblem: (message) => problems.push(message),
    });
    writeFileSync(path, "nonsense");
    await expect.poll(() => problems, { timeout: startMs }).toHaveLength(1);
    expect((await made.scan(entityOf(bad), scanContext())).kind).toBe("blocked");
  });

  it("has another epoch with other rules, other limits, or without YARA", async () => {
    writeRule("bad content");
    const variants: EmbeddedScannerOptions[] = [
      {},
      { rulesDirectory: directory.path },
      { archiveLimits: { maxDepth: 3 } },
      { nativeEngine: false },
    ];
    const epochs = new Set<string>();
    for (const options of variants) {
      const made = await make(options);
      epochs.add(made.epoch);
      await made.close();
    }
    expect(epochs.size).toBe(variants.length);
  });

  it("has the same epoch on another machine: neither paths nor threads matter", async () => {
    writeRule("bad content");
    const here = await make({ rulesDirectory: directory.path });
    const { epoch } = here;
    await here.close();
    const elsewhere = new TempDirectory();
    writeFileSync(
      elsewhere.join("own.yar"),
      `rule own { meta: author = "Me" strings: $a = "bad content" condition: $a }`,
    );
    const there = await make({ rulesDirectory: elsewhere.path, threads: 2 });
    elsewhere.remove();
    expect(there.epoch).toBe(epoch);
  });

  it("finds a threat wherever it is in content that is scanned in pieces", async () => {
    const windowBytes = 256 * 1024;
    const made = await make({ windowBytes });
    for (const offset of [0, windowBytes - 30, windowBytes, 3 * windowBytes - 70, 999_932]) {
      const content = Buffer.alloc(1_000_000, "x");
      eicar.copy(content, offset);
      const entity = fileEntityOf(content, directory.join("spool"));
      expect([offset, (await made.scan(entity, scanContext())).kind]).toEqual([offset, "blocked"]);
    }
  });

  it("shows rules the start of large content together with each piece of it", async () => {
    const rule = 'rule late { strings: $a = "bad content" condition: uint16(0) == 0x5a4d and $a }';
    writeFileSync(directory.join("own.yar"), rule);
    const made = await make({ rulesDirectory: directory.path, windowBytes: 256 * 1024 });
    const content = Buffer.alloc(900_000);
    content.write("MZ");
    content.write(bad, 800_000);
    const entity = fileEntityOf(content, directory.join("spool"));
    expect((await made.scan(entity, scanContext())).threats[0]?.name).toBe("late");
  });

  it("scans an archive that is a range of a file", async () => {
    const made = await make();
    const archive = zipOf({ name: "eicar.com", content: eicar });
    const entity = fileEntityOf(archive, directory.join("spool"), { fileName: "a.zip" });
    expect((await made.scan(entity, scanContext())).threats[0]?.path).toBe("a.zip/eicar.com");
  });
});
