import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createExecEngine, readExecConfig } from "../../../src/scanners/index.ts";
import type { EngineVerdict, ScanEngine } from "../../../src/scanners/serve/scan-engine.ts";
import { silentLogger } from "../../../src/telemetry/index.ts";
import { runProgram } from "../../support/child-program.ts";
import { eicar } from "../../support/eicar.ts";
import { describeWith } from "../../support/programs.ts";
import { TempDirectory } from "../../support/temp-directory.ts";
import { contentOf } from "./exec-under-test.ts";

/** An example as it stands, but for the path of its database or rules. */
class ExampleUnderTest {
  readonly directory = new TempDirectory();
  #engine: ScanEngine | undefined;

  async start(name: string, replaced: string, path: string): Promise<void> {
    const example = new URL(`../../../examples/exec/${name}.yaml`, import.meta.url);
    const configFile = this.directory.join("exec.yaml");
    writeFileSync(configFile, readFileSync(example, "utf8").replaceAll(replaced, path));
    this.#engine = await createExecEngine({
      config: await readExecConfig(configFile),
      workDirectory: this.directory.path,
      logger: silentLogger,
    });
  }

  get epoch(): string | undefined {
    return this.#engine?.state().epoch;
  }

  async scan(content: string | Buffer, fileName = "x"): Promise<EngineVerdict> {
    if (this.#engine === undefined) throw new Error("not started");
    const body = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.from(content);
    };
    return await this.#engine.scan({
      body: body(),
      size: undefined,
      sha256: undefined,
      facts: { fileName },
      signal: new AbortController().signal,
    });
  }

  async stop(): Promise<void> {
    await this.#engine?.close();
    this.directory.remove();
  }
}

const clamscan = ["/usr/bin/clamscan", "/usr/bin/zip"];
describeWith(clamscan, "the example clamscan", () => {
  const example = new ExampleUnderTest();
  beforeAll(async () => {
    mkdirSync(example.directory.join("db"));
    const hex = Buffer.from(eicar).toString("hex");
    writeFileSync(example.directory.join("db/test.ndb"), `Eicar-Test-Signature:0:0:${hex}\n`);
    await example.start("clamscan", "/var/lib/clamav", example.directory.join("db"));
  });
  afterAll(() => example.stop());

  it("finds EICAR and names it", async () => {
    expect((await example.scan(eicar)).verdict).toEqual({
      kind: "blocked",
      reason: "malware",
      threats: [{ engine: "clamscan", name: "Eicar-Test-Signature.UNOFFICIAL" }],
    });
  });

  it("has nothing against text", async () => {
    expect((await example.scan("harmless")).verdict).toEqual({ kind: "clean", threats: [] });
  });

  it("says of an encrypted archive that it cannot look inside", async () => {
    const { directory } = example;
    writeFileSync(directory.join("x.txt"), "secret");
    await runProgram("/usr/bin/zip", ["-P", "p", "x.zip", "x.txt"], { cwd: directory.path });
    const { verdict } = await example.scan(readFileSync(directory.join("x.zip")));
    expect(verdict).toMatchObject({ kind: "unscannable" });
  });

  it("has the version and the database in its epoch", () => {
    expect(example.epoch).toMatch(/^clamscan ClamAV [\d.]+.*;[0-9a-f]{16}$/);
  });
});

describeWith(["/usr/bin/yara"], "the example yara", () => {
  const example = new ExampleUnderTest();
  beforeAll(async () => {
    const rules = example.directory.join("rules.yar");
    writeFileSync(rules, 'rule Found_It { strings: $a = "needle" condition: $a }\n');
    await example.start("yara", "/etc/sluice/rules.yar", rules);
  });
  afterAll(() => example.stop());

  it("blocks what a rule matches and names the rule", async () => {
    expect((await example.scan("a needle in hay")).verdict).toMatchObject({
      kind: "blocked",
      threats: [{ name: "Found_It" }],
    });
  });

  it("has nothing against the rest", async () => {
    expect((await example.scan("hay")).verdict.kind).toBe("clean");
  });

  it("is an error when the rules are wrong", async () => {
    const rules = example.directory.join("rules.yar");
    const right = readFileSync(rules);
    writeFileSync(rules, "rule {");
    expect((await example.scan("hay")).verdict.kind).toBe("error");
    writeFileSync(rules, right);
  });
});

/** One black pixel. */
const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==",
  "base64",
);

describeWith(["/usr/bin/exiftool"], "the example exiftool", () => {
  const example = new ExampleUnderTest();
  const author = "Jane Roe";
  let photo: Buffer;
  beforeAll(async () => {
    await example.start("exiftool", "", "");
    const path = example.directory.join("photo.png");
    writeFileSync(path, png);
    await runProgram("/usr/bin/exiftool", ["-q", `-Artist=${author}`, path]);
    photo = readFileSync(path);
  });
  afterAll(() => example.stop());

  it("gives a picture back without its metadata", async () => {
    expect(photo.includes(author)).toBe(true);
    const { verdict, replacement } = await example.scan(photo, "photo.png");
    expect(verdict).toMatchObject({ kind: "modified", message: "metadata was removed" });
    expect(await contentOf(replacement)).toEqual(png);
  });

  it("calls a picture without metadata clean, for nothing was changed", async () => {
    expect((await example.scan(png, "photo.png")).verdict).toMatchObject({ kind: "clean" });
  });

  it("has no opinion on text", async () => {
    expect((await example.scan("text", "x.txt")).verdict).toMatchObject({ kind: "unknown" });
  });

  it("is an error for a picture that is broken", async () => {
    expect((await example.scan(png.subarray(0, 20), "x.png")).verdict.kind).toBe("error");
  });
});
