import { writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { createListEngine } from "../../../src/scanners/list/list-scan-engine.ts";
import { readListSettings } from "../../../src/scanners/list/list-settings.ts";
import type { ScanEngine, SubjectFacts } from "../../../src/scanners/serve/scan-engine.ts";
import { silentLogger } from "../../../src/telemetry/index.ts";
import { describeWith } from "../../support/programs.ts";
import { REDIS_SERVER, RedisServer } from "../../support/redis-server.ts";
import { scanSubject } from "../../support/scan-subject.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

const hash = "a".repeat(64);

describeWith([REDIS_SERVER], "a list in Redis", () => {
  let redis: RedisServer;
  let directory: TempDirectory;
  const engines: ScanEngine[] = [];
  beforeAll(async () => {
    directory = new TempDirectory();
    writeFileSync(directory.join("password"), "canary-redis\n");
    redis = await RedisServer.start();
    await redis.run("SADD", "bad-hashes", hash);
    await redis.run("HSET", `rep:${hash}`, "verdict", "malicious");
    await redis.run("SET", "domain:bad.example", "gambling");
    await redis.run("SET", "domain:odd.example", "suspicious");
    await redis.run("SET", "domain:good.example", "unknown");
    await redis.run("SET", "epoch", "1");
    // The connection of the test is known already; others are asked from now on.
    await redis.run("CONFIG", "SET", "requirepass", "canary-redis");
  });
  afterEach(async () => {
    await Promise.all(engines.splice(0).map((engine) => engine.close()));
  });
  afterAll(async () => {
    await redis.stop();
    directory.remove();
  });

  async function engineOf(lookup: string, more = ""): Promise<ScanEngine> {
    const path = directory.join("lists.yaml");
    const password = `password: { file: ${directory.join("password")} }`;
    const list = `{ name: shared, type: redis, url: '${redis.url}', ${password}, lookup: '${lookup}'${more} }`;
    writeFileSync(path, `pollInterval: 50ms\nlists:\n  - ${list}\n`);
    const settings = await readListSettings(path);
    const engine = await createListEngine({ settings, env: {}, logger: silentLogger });
    engines.push(engine);
    return engine;
  }

  async function verdictOf(engine: ScanEngine, facts: SubjectFacts, sha256 = "b".repeat(64)) {
    return (await engine.scan(scanSubject(facts, { sha256 }))).verdict;
  }

  it("blocks a hash that is in a set", async () => {
    const engine = await engineOf("SISMEMBER bad-hashes {sha256}");
    expect(await verdictOf(engine, {}, hash)).toMatchObject({
      kind: "blocked",
      reason: "malware",
      threats: [{ name: "shared" }],
    });
    expect(await verdictOf(engine, {})).toMatchObject({ kind: "unknown" });
  });

  it("takes a value for the verdict that it is to mean", async () => {
    const more = ", values: { malicious: suspicious }";
    const engine = await engineOf("HGET rep:{sha256} verdict", more);
    expect(await verdictOf(engine, {}, hash)).toMatchObject({ kind: "suspicious" });
  });

  it("looks up every domain above a host, and calls the hit by its value", async () => {
    const engine = await engineOf("GET domain:{domains}");
    expect(await verdictOf(engine, { url: "https://a.b.bad.example/" })).toMatchObject({
      kind: "blocked",
      reason: "category",
      threats: [{ name: "gambling" }],
    });
  });

  it("takes a verdict for what it says", async () => {
    const engine = await engineOf("GET domain:{domains}");
    expect(await verdictOf(engine, { host: "odd.example" })).toMatchObject({ kind: "suspicious" });
    expect(await verdictOf(engine, { host: "good.example" })).toMatchObject({ kind: "unknown" });
  });

  it("looks a URL up as it came, and in the one spelling of it", async () => {
    const engine = await engineOf("EXISTS url:{url}");
    await redis.run("SET", "url:http://bad.example/x", "1");
    for (const url of ["http://bad.example/x", "HTTP://Bad.Example:80/a/../x"]) {
      expect([url, (await verdictOf(engine, { url })).kind]).toEqual([url, "blocked"]);
    }
  });

  it("passes what it is asked with as one argument, whatever it holds", async () => {
    const engine = await engineOf("GET {url}");
    const url = "http://x.example/a b\r\nSET pwned 1";
    expect(await verdictOf(engine, { url })).toMatchObject({ kind: "unknown" });
    expect(await redis.run("EXISTS", "pwned")).toBe(0);
  });

  it("has the epoch that a key says, and else lets no verdict be remembered", async () => {
    const engine = await engineOf("GET domain:{domains}", ", epochKey: epoch");
    const before = engine.state().epoch;
    expect(await verdictOf(engine, { host: "x.example" })).toMatchObject({
      cache: { scope: "url" },
    });
    await redis.run("INCR", "epoch");
    await expect.poll(() => engine.state().epoch, { timeout: 10_000 }).not.toBe(before);
    const other = await engineOf("GET domain:{domains}");
    expect(await verdictOf(other, { host: "x.example" })).toMatchObject({ cache: { ttlMs: 0 } });
  });

  it("gives an error, and is not ready, while Redis does not answer, and recovers", async () => {
    const engine = await engineOf("SISMEMBER bad-hashes {sha256}", ", timeout: 200ms");
    redis.freeze();
    const verdict = await verdictOf(engine, {}, hash);
    redis.thaw();
    expect(verdict).toMatchObject({ kind: "error", reason: "engine-error" });
    expect(JSON.stringify(verdict)).not.toContain("canary");
    const again = async () => (await verdictOf(engine, {}, hash)).kind;
    await expect.poll(again, { timeout: 15_000 }).toBe("blocked");
  });

  it("starts while nobody listens, not ready, and gives errors", async () => {
    const path = directory.join("nobody.yaml");
    const list = "{ name: gone, type: redis, url: 'redis://127.0.0.1:1', lookup: 'GET {sha256}' }";
    writeFileSync(path, `lists:\n  - ${list}\n`);
    const settings = await readListSettings(path);
    const engine = await createListEngine({ settings, env: {}, logger: silentLogger });
    engines.push(engine);
    expect(engine.state().notReady).toBe("Redis of list gone does not answer");
    expect(await verdictOf(engine, {}, hash)).toMatchObject({ kind: "error" });
  });
});
