import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCache, rememberScanner } from "../../../src/app/cache.ts";
import type { ScanCache } from "../../../src/cache/index.ts";
import { loadSettings, type Settings } from "../../../src/config/index.ts";
import type { ScannerEntry } from "../../../src/resources/index.ts";
import { MetricsRegistry, silentLogger } from "../../../src/telemetry/index.ts";
import { CountingScanner } from "../../support/cache-fleet.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

function settingsOf(...argv: readonly string[]): Settings {
  const loaded = loadSettings({ argv, env: {}, readFile: () => "" });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
  return loaded.settings;
}

const parts = () => ({
  registry: new MetricsRegistry({ processMetrics: false }),
  logger: silentLogger,
});

const limits = { concurrency: 8, queue: 8 };
const remote: ScannerEntry = {
  key: "IcapScanner/a/clamav",
  name: "clamav",
  hash: "0".repeat(64),
  protocol: {
    type: "ScanV1",
    urls: ["http://clamav:8080"],
    limits,
    retry: { attempts: 2, budgetPercent: 20, backoffMs: 100 },
    circuitBreaker: { failures: 5, openForMs: 1000, silentAfterMs: 1000 },
  } as ScannerEntry["protocol"],
};
const embedded: ScannerEntry = {
  ...remote,
  key: "IcapScanner/a/embedded",
  protocol: { type: "Embedded", limits },
};

describe("a scanner of the routing table", () => {
  let cache: ScanCache;
  beforeEach(() => {
    cache = createCache(settingsOf(), parts()) as ScanCache;
  });
  afterEach(async () => {
    await cache.close();
  });

  /** How many scans it takes to ask two entries, with these settings and versions, about one file. */
  const scansOf = async (
    asked: readonly (readonly [ScannerEntry, Settings?, string?])[],
    bytes = "x".repeat(100_000),
  ): Promise<number> => {
    const scanner = new CountingScanner();
    for (const [entry, settings = settingsOf(), version = "1.0.0"] of asked) {
      const remembered = rememberScanner(cache, settings, version)(scanner, entry);
      await remembered.scan(entityOf(bytes), scanContext());
    }
    return scanner.scans;
  };
  const changed = (entry: ScannerEntry, protocol: object): ScannerEntry => ({
    ...entry,
    protocol: { ...entry.protocol, ...protocol } as ScannerEntry["protocol"],
  });

  it("shares its verdicts from one table to the next", async () => {
    expect(await scansOf([[remote], [remote]])).toBe(1);
  });

  it("keeps them when it may be asked more or less often", async () => {
    const faster = changed(remote, { limits: { concurrency: 99, queue: 9 } });
    expect(await scansOf([[remote], [faster]])).toBe(1);
  });

  it.each([
    ["another name", { ...remote, key: "IcapScanner/b/clamav" }],
    ["another endpoint", changed(remote, { urls: ["http://elsewhere:8080"] })],
    ["a credential", changed(remote, { auth: { type: "Bearer" } })],
  ])("does not share them with one of %s", async (_what, other) => {
    expect(await scansOf([[remote], [other]])).toBe(2);
  });

  it.each([
    ["other limits of archives", settingsOf("--scan-archive-depth=3"), "1.0.0"],
    ["another version", settingsOf(), "1.0.1"],
  ])("that is embedded does not share them with one of %s", async (_what, settings, version) => {
    expect(await scansOf([[embedded], [embedded, settings, version]])).toBe(2);
  });

  it("that is elsewhere shares them with another version of this program", async () => {
    expect(await scansOf([[remote], [remote, settingsOf("--scan-archive-depth=3"), "2"]])).toBe(1);
  });

  it("that is embedded scans small entities each time", async () => {
    expect(await scansOf([[embedded], [embedded]], "small")).toBe(2);
  });

  it("that is elsewhere is asked about small entities once", async () => {
    expect(await scansOf([[remote], [remote]], "small")).toBe(1);
  });

  it("is left alone when the cache is switched off", () => {
    const scanner = new CountingScanner();
    const off = createCache(settingsOf("--cache-enabled=false"), parts());
    expect(off).toBeUndefined();
    expect(rememberScanner(off, settingsOf(), "1")(scanner, remote)).toBe(scanner);
  });
});

describe("the keys of the cache", () => {
  const keyFile = (content: string) => {
    const directory = new TempDirectory();
    writeFileSync(directory.join("keys"), content);
    return settingsOf(`--cache-hmac-key-file=${directory.join("keys")}`);
  };

  it.each([
    ["is empty", "\n", "holds no key"],
    ["has a short key", `${"a".repeat(40)}\nshort\n`, "less than 32 characters"],
  ])("are refused when their file %s", (_what, content, why) => {
    expect(() => createCache(keyFile(content), parts())).toThrow(why);
  });

  it("are one a line", async () => {
    const cache = createCache(keyFile(`${"a".repeat(40)}\r\n${"b".repeat(40)}\n`), parts());
    expect(cache?.seal.authenticates).toBe(true);
    await cache?.close();
  });
});
