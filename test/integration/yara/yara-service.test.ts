import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createYaraService } from "../../../src/scanners/index.ts";
import type { ScanEngine, SubjectFacts } from "../../../src/scanners/serve/scan-engine.ts";
import { loadYara } from "../../../src/scanners/yara/yara-native.ts";
import { MetricsRegistry, silentLogger } from "../../../src/telemetry/index.ts";
import { zipOf } from "../../support/samples/zip-maker.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

const rule = (name: string, text: string, meta = "") =>
  `rule ${name} { ${meta === "" ? "" : `meta: ${meta}`} strings: $a = "${text}" condition: $a }\n`;

describe.skipIf(!loadYara().available)("the YARA service", { timeout: 60_000 }, () => {
  let directory: TempDirectory;
  let started: ScanEngine[];
  beforeEach(() => {
    directory = new TempDirectory();
    mkdirSync(directory.join("rules"));
    writeFileSync(directory.join("rules/a.yar"), rule("First", "needle"));
    started = [];
  });
  afterEach(async () => {
    for (const engine of started) await engine.close();
    directory.remove();
  });

  async function start(changes: Readonly<Record<string, unknown>> = {}): Promise<ScanEngine> {
    const engine = await createYaraService({
      rules: [directory.join("rules")],
      shippedRules: false,
      pollMs: 20,
      workDirectory: directory.join("work"),
      threads: 1,
      maxBytes: 8 * 1024 ** 2,
      scanTimeoutMs: 30_000,
      logger: silentLogger,
      ...changes,
    });
    started.push(engine);
    return engine;
  }

  async function scan(engine: ScanEngine, content: string | Buffer, facts: SubjectFacts = {}) {
    const body = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.from(content);
    };
    const { verdict } = await engine.scan({
      body: body(),
      size: undefined,
      sha256: undefined,
      facts,
      signal: new AbortController().signal,
    });
    return verdict;
  }

  const filesKept = (): string[] =>
    readdirSync(directory.join("work"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name);

  async function metric(engine: ScanEngine, name: string): Promise<number> {
    const registry = new MetricsRegistry({ processMetrics: false });
    engine.expose(registry);
    const text = await registry.text();
    return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1]);
  }

  it("blocks what a rule matches, and tells who wrote the rule", async () => {
    const meta = 'author = "Jane Roe" reference = "https://example.com/1"';
    writeFileSync(directory.join("rules/a.yar"), rule("First", "needle", meta));
    expect(await scan(await start(), "a needle")).toMatchObject({
      kind: "blocked",
      reason: "malware",
      threats: [{ name: "First", engine: "yara-x", ref: "Jane Roe, https://example.com/1" }],
    });
  });

  it("has nothing against the rest", async () => {
    expect(await scan(await start(), "hay")).toMatchObject({ kind: "clean", threats: [] });
  });

  it("looks into archives", async () => {
    const zip = zipOf({ name: "inner.txt", content: "a needle" });
    expect(await scan(await start(), zip, { fileName: "a.zip" })).toMatchObject({
      kind: "blocked",
      threats: [{ name: "First", path: "a.zip/inner.txt" }],
    });
  });

  it("scans a body that is too large for memory, and leaves no file of it", async () => {
    const engine = await start();
    const body = Buffer.concat([Buffer.alloc(5 * 1024 ** 2, "x"), Buffer.from("needle")]);
    expect((await scan(engine, body)).kind).toBe("blocked");
    await expect.poll(filesKept).toEqual([]);
  });

  it("refuses a body above its limit with 413", async () => {
    const engine = await start({ maxBytes: 10 });
    await expect(scan(engine, "more than ten bytes")).rejects.toMatchObject({ status: 413 });
  });

  it("keeps nothing of an upload that breaks off", async () => {
    const engine = await start();
    const body = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.alloc(5 * 1024 ** 2, "x");
      throw new Error("broken");
    };
    const scanning = engine.scan({
      ...{ body: body(), size: undefined, sha256: undefined, facts: {} },
      signal: new AbortController().signal,
    });
    await expect(scanning).rejects.toThrow("broken");
    await expect.poll(filesKept).toEqual([]);
  });

  it("gives rules the name of the file", async () => {
    const named = 'rule Named { condition: filename == "x.exe" }';
    writeFileSync(directory.join("rules/a.yar"), named);
    expect((await scan(await start(), "hay", { fileName: "x.exe" })).kind).toBe("blocked");
  });

  it("takes a file of rules as well as a directory", async () => {
    writeFileSync(directory.join("one.rules"), rule("One", "haystack"));
    const engine = await start({ rules: [directory.join("one.rules"), directory.join("rules")] });
    expect((await scan(engine, "haystack")).threats[0]?.name).toBe("One");
    expect((await scan(engine, "needle")).threats[0]?.name).toBe("First");
  });

  it("has an epoch that is that of the rules, wherever they lie", async () => {
    mkdirSync(directory.join("copy"));
    writeFileSync(directory.join("copy/a.yar"), rule("First", "needle"));
    const [one, two] = [await start(), await start({ rules: [directory.join("copy")] })];
    expect(one.state().epoch).toBe(two.state().epoch);
    writeFileSync(directory.join("copy/a.yar"), rule("First", "needles"));
    const three = await start({ rules: [directory.join("copy")] });
    expect(three.state().epoch).not.toBe(one.state().epoch);
  });

  it.each([
    ["wrong", "rule {", /a\.yar: .*syntax error/],
    ["none", undefined, /no \.yar or \.yara file/],
    ["not written yet", "", /nothing in a\.yar of /],
    [
      "all commented out",
      `/* ${rule("First", "needle")} */\n// rule Second`,
      /nothing in a\.yar of /,
    ],
  ])("does not start with rules that are %s", async (_, source, message) => {
    rmSync(directory.join("rules/a.yar"));
    if (source !== undefined) writeFileSync(directory.join("rules/a.yar"), source);
    await expect(start()).rejects.toThrow(message);
  });

  describe("when its rules change", () => {
    it("scans by the new ones, under a new epoch", async () => {
      const engine = await start();
      const { epoch } = engine.state();
      writeFileSync(directory.join("rules/a.yar"), rule("Second", "haystack"));
      await expect.poll(() => engine.state().epoch, { timeout: 30_000 }).not.toBe(epoch);
      expect((await scan(engine, "haystack")).threats[0]?.name).toBe("Second");
      expect(await metric(engine, "sluice_yara_reloads_total")).toBe(1);
    });

    it("leaves no threads behind when it ends while the new ones are compiled", async () => {
      const ports = (): number =>
        process.getActiveResourcesInfo().filter((name) => name === "MessagePort").length;
      const before = ports();
      const engine = await start();
      started.pop();
      const withOld = ports();
      const { epoch } = engine.state();
      // Or they are in use already, on a machine that stood still.
      const isUnderWay = (): boolean => ports() > withOld || engine.state().epoch !== epoch;
      writeFileSync(directory.join("rules/a.yar"), rule("Second", "haystack"));
      await expect.poll(isUnderWay, { timeout: 30_000, interval: 1 }).toBe(true);
      await engine.close();
      await expect.poll(ports, { timeout: 30_000 }).toBeLessThanOrEqual(before);
    });

    it("sees the swap of a ConfigMap", async () => {
      const mount = (version: string, source: string): void => {
        mkdirSync(directory.join(`map/..${version}`), { recursive: true });
        writeFileSync(directory.join(`map/..${version}/a.yar`), source);
        symlinkSync(`..${version}`, directory.join("map/..data_tmp"));
        renameSync(directory.join("map/..data_tmp"), directory.join("map/..data"));
      };
      mount("1", rule("First", "needle"));
      symlinkSync("..data/a.yar", directory.join("map/a.yar"));
      const engine = await start({ rules: [directory.join("map")] });
      const { epoch } = engine.state();
      mount("2", rule("Second", "haystack"));
      await expect.poll(() => engine.state().epoch, { timeout: 30_000 }).not.toBe(epoch);
      expect((await scan(engine, "haystack")).kind).toBe("blocked");
    });

    it("keeps the old ones while the new are wrong, and says so", async () => {
      const engine = await start();
      const { epoch } = engine.state();
      writeFileSync(directory.join("rules/a.yar"), "rule {");
      await expect
        .poll(() => metric(engine, "sluice_yara_rules_stale"), { timeout: 30_000 })
        .toBe(1);
      expect((await scan(engine, "needle")).kind).toBe("blocked");
      expect(engine.state().epoch).toBe(epoch);
      writeFileSync(directory.join("rules/a.yar"), rule("First", "needle"));
      await expect
        .poll(() => metric(engine, "sluice_yara_rules_stale"), { timeout: 30_000 })
        .toBe(0);
    });

    it("keeps the old ones while a file of them is about to be written", async () => {
      const engine = await start();
      writeFileSync(directory.join("rules/b.yar"), "");
      await expect
        .poll(() => metric(engine, "sluice_yara_rules_stale"), { timeout: 30_000 })
        .toBe(1);
      expect((await scan(engine, "needle")).kind).toBe("blocked");
    });

    it("keeps the old ones while there are none, and says when there are again", async () => {
      const engine = await start();
      renameSync(directory.join("rules/a.yar"), directory.join("aside"));
      await expect
        .poll(() => metric(engine, "sluice_yara_rules_stale"), { timeout: 30_000 })
        .toBe(1);
      expect((await scan(engine, "needle")).kind).toBe("blocked");
      renameSync(directory.join("aside"), directory.join("rules/a.yar"));
      await expect
        .poll(() => metric(engine, "sluice_yara_rules_stale"), { timeout: 30_000 })
        .toBe(0);
    });

    it("ends a scan that is under way by the rules that it began with", async () => {
      const engine = await start();
      const scanning = Array.from({ length: 20 }, () =>
        scan(engine, Buffer.alloc(1024 ** 2, "needle")),
      );
      writeFileSync(directory.join("rules/a.yar"), rule("Second", "haystack"));
      const kinds = (await Promise.all(scanning)).map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === "error")).toEqual([]);
    });
  });

  describe("with a directory for compiled rules", () => {
    const cached = () =>
      readdirSync(directory.join("cache")).map((name) => directory.join("cache", name));

    it("compiles once", async () => {
      await start({ cacheDirectory: directory.join("cache") });
      const [file = ""] = cached();
      const before = readFileSync(file);
      const again = await start({ cacheDirectory: directory.join("cache") });
      expect((await scan(again, "needle")).kind).toBe("blocked");
      expect(cached()).toEqual([file]);
      expect(readFileSync(file)).toEqual(before);
    });

    it.each([
      ["damaged", (file: Buffer) => file.fill(0xff, file.length >> 1)],
      ["cut off", (file: Buffer) => file.subarray(0, 100)],
      ["empty", () => Buffer.alloc(0)],
    ])("compiles anew when a file is %s", async (_, damage) => {
      await start({ cacheDirectory: directory.join("cache") });
      const [file = ""] = cached();
      const right = readFileSync(file);
      writeFileSync(file, damage(Buffer.from(right)));
      const again = await start({ cacheDirectory: directory.join("cache") });
      expect((await scan(again, "needle")).kind).toBe("blocked");
      expect(readFileSync(file).length).toBe(right.length);
    });

    it("does without when it cannot write there", async () => {
      mkdirSync(directory.join("file"));
      writeFileSync(directory.join("file/x"), "");
      const cacheDirectory = directory.join("file/x/y");
      await expect(start({ cacheDirectory })).rejects.toThrow("ENOTDIR");
    });
  });
});
