import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { ValueSeal } from "../../../src/cache/value-seal.ts";
import { encodeVerdict } from "../../../src/cache/verdict-codec.ts";
import { VerdictKind } from "../../../src/scanning/index.ts";
import { silentLogger } from "../../../src/telemetry/index.ts";
import { CountingScanner, type Pod, startPods } from "../../support/cache-fleet.ts";
import { describeWith } from "../../support/programs.ts";
import { ownPrefix } from "../../support/redis-cache.ts";
import { REDIS_SERVER, RedisServer } from "../../support/redis-server.ts";
import { entityOf, scanContext } from "../../support/samples/entities.ts";

const malware = entityOf("what somebody would like to pass");
const other = entityOf("something harmless");
const key = Buffer.from("the key that all pods have in common");
const blocked = { kind: VerdictKind.Blocked, threats: [{ name: "X" }] };
const cleanValue = encodeVerdict({
  verdict: { kind: VerdictKind.Clean, threats: [] },
  begunAt: Date.now(),
  judgedAt: Date.now(),
  expiresAt: Date.now() + 3_600_000,
}) as Buffer;

describeWith([REDIS_SERVER], "whoever can write to Redis", () => {
  let redis: RedisServer;
  let prefix: string;
  let scanner: CountingScanner;
  let warnings: string[];
  let pods: Pod[] = [];
  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(async () => {
    await redis.stop();
  });
  beforeEach(() => {
    prefix = ownPrefix();
    warnings = [];
    scanner = new CountingScanner();
    scanner.judge = ({ sha256 }) =>
      sha256 === malware.sha256 ? blocked : { kind: VerdictKind.Clean, threats: [] };
    pods = [];
  });
  afterEach(async () => {
    await Promise.all(pods.map((pod) => pod.stop()));
  });

  const start = async (keys: readonly Buffer[] = [key]): Promise<Pod> => {
    const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
    const [pod] = await startPods(1, { url: redis.url, prefix, scanner, keys, logger });
    pods.push(pod as Pod);
    return pod as Pod;
  };
  /** The keys of the values, once there are so many. */
  const valueKeys = async (count: number): Promise<string[]> => {
    const keys = (): Promise<string[]> => redis.admin.keys(`${prefix}v*`);
    await expect.poll(async () => (await keys()).length).toBe(count);
    return keys();
  };
  /** A pod that has never seen the malware, after one that has. */
  const afterScan = async (): Promise<{ fresh: Pod; valueKey: string }> => {
    await (await start()).scanner.scan(malware, scanContext());
    const [valueKey = ""] = await valueKeys(1);
    return { fresh: await start(), valueKey };
  };
  const verdictOf = async (pod: Pod): Promise<string> =>
    (await pod.scanner.scan(malware, scanContext())).kind;

  it("cannot make a verdict without the key", async () => {
    const { fresh, valueKey } = await afterScan();
    await redis.admin.set(valueKey, new ValueSeal([]).seal("", cleanValue));
    expect(await verdictOf(fresh)).toBe("blocked");
    expect(scanner.scans).toBe(2);
  });

  it("cannot guess a tag", async () => {
    const { fresh, valueKey } = await afterScan();
    await redis.admin.set(
      valueKey,
      new ValueSeal([Buffer.from("a guess")]).seal(valueKey, cleanValue),
    );
    expect(await verdictOf(fresh)).toBe("blocked");
  });

  it("cannot give the verdict on one file to another", async () => {
    const first = await start();
    await first.scanner.scan(other, scanContext());
    const [cleanKey = ""] = await valueKeys(1);
    await first.scanner.scan(malware, scanContext());
    const valueKey = (await valueKeys(2)).find((name) => name !== cleanKey) ?? "";
    await redis.admin.copy(cleanKey, valueKey, "REPLACE");
    expect(await verdictOf(await start())).toBe("blocked");
  });

  it("is noticed", async () => {
    const { fresh, valueKey } = await afterScan();
    await redis.admin.set(valueKey, new ValueSeal([]).seal("", cleanValue));
    await verdictOf(fresh);
    expect(fresh.metrics.reads.get("redis unverified")).toBe(1);
    expect(warnings).toContain("a value in redis does not verify");
  });

  it("is told of once a minute at most", async () => {
    const { fresh, valueKey } = await afterScan();
    for (let time = 0; time < 3; time++) {
      await redis.admin.set(valueKey, "rubbish");
      await fresh.cache.lookup(malware);
    }
    expect(fresh.metrics.reads.get("redis unverified")).toBe(3);
    expect(warnings).toHaveLength(1);
  });

  it("cannot purge, which only costs scans, without the key either", async () => {
    const { fresh } = await afterScan();
    await redis.admin.hset(`${prefix}table:purges`, "|", "[9e15,'9e15']", "", "changed");
    await redis.admin.publish(`${prefix}table:purges`, "");
    await expect.poll(() => fresh.metrics.reads.get("redis unverified")).toBe(1);
    expect(await verdictOf(fresh)).toBe("blocked");
    expect(scanner.scans).toBe(1);
  });

  it.each([
    ["hash", (name: string) => redis.admin.hset(name, "a", "b")],
    ["list", (name: string) => redis.admin.lpush(name, "a")],
    ["stream", (name: string) => redis.admin.xadd(name, "*", "a", "b")],
    ["huge value", (name: string) => redis.admin.set(name, "x".repeat(5_000_000))],
    ["empty value", (name: string) => redis.admin.set(name, "")],
  ])("cannot do harm by a %s in place of a value", async (_what, put) => {
    const { fresh, valueKey } = await afterScan();
    await redis.admin.del(valueKey);
    await put(valueKey);
    expect(await verdictOf(fresh)).toBe("blocked");
    await expect.poll(() => fresh.metrics.writes.get("redis stored")).toBe(1);
    expect(await verdictOf(await start())).toBe("blocked");
    expect(scanner.scans).toBe(2);
  });

  it("cannot do harm by a hash in place of a lock", async () => {
    const { fresh, valueKey } = await afterScan();
    await redis.admin.del(valueKey);
    await redis.admin.hset(valueKey.replace("v{", "l{"), "a", "b");
    expect(await verdictOf(fresh)).toBe("blocked");
  });

  it("can replace the key pod by pod", async () => {
    const next = Buffer.from("the key that all pods will have soon");
    await (await start([key])).scanner.scan(malware, scanContext());
    await valueKeys(1);
    expect(await verdictOf(await start([next, key]))).toBe("blocked");
    expect(scanner.scans).toBe(1);
  });

  it("sees no more than 1 KiB of a verdict", async () => {
    const threats = Array.from({ length: 500 }, (_, index) => ({ name: `${index}`.repeat(100) }));
    scanner.judge = () => ({ ...blocked, threats, message: "m".repeat(5000) });
    await (await start()).scanner.scan(malware, scanContext());
    const [valueKey = ""] = await valueKeys(1);
    expect(await redis.admin.strlen(valueKey)).toBeLessThanOrEqual(1024);
  });

  it("pays 250 bytes for a verdict at most", async () => {
    const pod = await start();
    const usedBytes = async (): Promise<number> =>
      Number(/used_memory:(\d+)/.exec(await redis.admin.info("memory"))?.[1]);
    const before = await usedBytes();
    const count = 6000;
    for (let first = 0; first < count; first += 1000) {
      const scans = Array.from({ length: 1000 }, (_, index) =>
        pod.scanner.scan(entityOf(`file ${first + index}`), scanContext()),
      );
      await Promise.all(scans);
      const stored = () => pod.metrics.writes.get("redis stored");
      await expect.poll(stored, { interval: 5 }).toBe(first + 1000);
    }
    expect(((await usedBytes()) - before) / count).toBeLessThanOrEqual(250);
  });
});
