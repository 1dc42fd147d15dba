import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Overrides } from "../../../src/cache/index.ts";
import type { OverrideClocks } from "../../../src/cache/overrides/override-set.ts";
import type { RedisConnection } from "../../../src/cache/redis/redis-connection.ts";
import { ValueSeal } from "../../../src/cache/value-seal.ts";
import { type Logger, silentLogger } from "../../../src/telemetry/index.ts";
import {
  blockFrom,
  DAY_MS,
  describeOverridesContract,
  HASH,
} from "../../contracts/overrides.contract.ts";
import { describeWith } from "../../support/programs.ts";
import { ownPrefix, redisConnection } from "../../support/redis-cache.ts";
import { REDIS_SERVER, RedisServer } from "../../support/redis-server.ts";

const KEY = Buffer.from("the key that all pods have in common");
const service = { namespace: "default", name: "scan" };
/** Messages are to do it; a poll would hide that they do not. */
const NEVER_MS = 3_600_000;

interface Pod extends AsyncDisposable {
  readonly overrides: Overrides;
  readonly connection: RedisConnection;
  readonly alarms: string[];
  readonly lines: object[];
}

interface PodOptions {
  readonly prefix: string;
  readonly keys?: readonly Buffer[];
  readonly clocks?: OverrideClocks;
  readonly pollMs?: number;
}

describeWith([REDIS_SERVER], "overrides in redis", () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(() => redis?.stop());

  async function pod({
    prefix,
    keys = [KEY],
    pollMs = NEVER_MS,
    clocks,
  }: PodOptions): Promise<Pod> {
    const alarms: string[] = [];
    const lines: object[] = [];
    const logger: Logger = {
      ...silentLogger,
      error: (msg, fields) => lines.push({ msg, ...fields }),
    };
    const connection = redisConnection(redis.url, { prefix });
    const overrides = new Overrides({
      shared: { connection, seal: new ValueSeal(keys) },
      metrics: { overrideRefused: (reason) => alarms.push(reason) },
      logger,
      pollMs,
      ...(clocks && { clocks }),
    });
    await connection.start();
    await overrides.start();
    const end = async (): Promise<void> => {
      overrides.close();
      await connection.close();
    };
    return { overrides, connection, alarms, lines, [Symbol.asyncDispose]: end };
  }

  const table = (prefix: string): string => `${prefix}table:overrides`;
  /** What is written there without the program that should write it. */
  const tamper = async (prefix: string, change: () => Promise<unknown>): Promise<void> => {
    await change();
    await redis.admin.hset(table(prefix), "", String(Math.random()));
    await redis.admin.publish(`${prefix}table:overrides`, "");
  };

  describe("one pod", () => {
    const open: Pod[] = [];
    afterAll(() => Promise.all(open.map((one) => one[Symbol.asyncDispose]())));
    describeOverridesContract("overrides in redis", {
      create: async (clocks) => {
        const one = await pod({ prefix: ownPrefix(), clocks });
        open.push(one);
        return one.overrides;
      },
    });
  });

  it("hold on another pod at once", async () => {
    const prefix = ownPrefix();
    await using one = await pod({ prefix });
    await using other = await pod({ prefix });
    await one.overrides.set(blockFrom(Date.now()));
    await expect.poll(() => other.overrides.find(HASH, service)?.reason).toBe("leaked document");
    expect(other.overrides.revision(service)).toBe(one.overrides.revision(service));
  });

  it("end on another pod when they are removed", async () => {
    const prefix = ownPrefix();
    await using one = await pod({ prefix });
    await using other = await pod({ prefix });
    await one.overrides.set(blockFrom(Date.now()));
    await expect.poll(() => other.overrides.all.length).toBe(1);
    await one.overrides.remove(HASH);
    await expect.poll(() => other.overrides.all).toEqual([]);
  });

  it("are known to a pod that starts later", async () => {
    const prefix = ownPrefix();
    await using one = await pod({ prefix });
    await one.overrides.set(blockFrom(Date.now(), { action: "allow", services: ["scan"] }));
    await using late = await pod({ prefix });
    expect(late.overrides.all).toEqual(one.overrides.all);
  });

  it("that nobody with the key wrote are not believed, and told", async () => {
    const prefix = ownPrefix();
    await using one = await pod({ prefix });
    await using forger = await pod({ prefix, keys: [Buffer.from("x".repeat(40))] });
    await forger.overrides.set(blockFrom(Date.now(), { action: "allow" }));
    await expect.poll(() => one.alarms).toContain("unverified");
    expect([one.overrides.all, one.lines]).toEqual([
      [],
      [{ msg: "an override in redis is not believed", reason: "unverified" }],
    ]);
  });

  it("do not move from one content to another", async () => {
    const prefix = ownPrefix();
    const other = "6".repeat(64);
    await using one = await pod({ prefix });
    await one.overrides.set(blockFrom(Date.now(), { action: "allow" }));
    await tamper(prefix, async () => {
      const sealed = await redis.admin.hgetBuffer(table(prefix), HASH);
      await redis.admin.hset(table(prefix), other, sealed as Buffer);
    });
    await expect.poll(() => one.alarms).toContain("unverified");
    expect(one.overrides.find(other, service)).toBeUndefined();
  });

  it("that were removed do not come back when the old value does", async () => {
    const prefix = ownPrefix();
    await using one = await pod({ prefix });
    await one.overrides.set(blockFrom(Date.now(), { action: "allow" }));
    const old = (await redis.admin.hgetBuffer(table(prefix), HASH)) as Buffer;
    await one.overrides.remove(HASH);
    await tamper(prefix, () => redis.admin.hset(table(prefix), HASH, old));
    // The pod puts its own value back, and a pod that starts now learns that.
    await expect
      .poll(async () => (await redis.admin.hgetBuffer(table(prefix), HASH))?.equals(old))
      .toBe(false);
    await using late = await pod({ prefix });
    expect([one.overrides.all, late.overrides.all]).toEqual([[], []]);
  });

  it.each([
    ["one that is deleted", (prefix: string) => redis.admin.hdel(table(prefix), HASH)],
    ["all, when redis loses everything", (prefix: string) => redis.admin.del(table(prefix))],
  ])("come back, %s", async (_what, lose) => {
    const prefix = ownPrefix();
    await using one = await pod({ prefix });
    await one.overrides.set(blockFrom(Date.now()));
    await tamper(prefix, () => lose(prefix));
    await expect.poll(() => redis.admin.hexists(table(prefix), HASH)).toBe(1);
    await using late = await pod({ prefix });
    expect(late.overrides.get(HASH)?.action).toBe("block");
  });

  describe("without a key", () => {
    it("allow nothing", async () => {
      await using one = await pod({ prefix: ownPrefix(), keys: [] });
      const wish = one.overrides.set(blockFrom(Date.now(), { action: "allow" }));
      await expect(wish).rejects.toMatchObject({ refusal: "not-authenticated" });
    });

    it("block", async () => {
      await using one = await pod({ prefix: ownPrefix(), keys: [] });
      await one.overrides.set(blockFrom(Date.now()));
      expect(one.overrides.get(HASH)?.action).toBe("block");
    });

    it("do not believe an exception that lies there", async () => {
      const prefix = ownPrefix();
      await using one = await pod({ prefix, keys: [] });
      const [now, later] = [Date.now(), Date.now() + DAY_MS];
      const forged = ["allow", "because", "mallory", null, now, later, now];
      const value = Buffer.from(JSON.stringify([later, JSON.stringify(forged)]));
      const sealed = new ValueSeal([]).seal(`${table(prefix)}:${HASH}`, value);
      await tamper(prefix, () => redis.admin.hset(table(prefix), HASH, sealed));
      await expect.poll(() => one.alarms).toContain("not-authenticated");
      expect(one.overrides.all).toEqual([]);
    });
  });
});

describeWith([REDIS_SERVER], "overrides while redis is gone", () => {
  it("hold on, each until it expires; new ones are refused and do not hold", async () => {
    await using redis = await RedisServer.start();
    let now = Date.now();
    const start = now;
    const connection = redisConnection(redis.url);
    const overrides = new Overrides({
      shared: { connection, seal: new ValueSeal([KEY]) },
      metrics: { overrideRefused: () => {} },
      logger: silentLogger,
      clocks: { wall: () => now, steady: () => now - start },
    });
    await connection.start();
    await overrides.set(blockFrom(now, { action: "allow" }));
    await redis.kill();
    const other = "6".repeat(64);
    const refused = overrides.set(blockFrom(now, { sha256: other }));
    await expect(refused).rejects.toMatchObject({ refusal: "not-stored" });
    const held = overrides.find(HASH, service)?.action;
    now += DAY_MS;
    expect([held, overrides.find(HASH, service), overrides.get(other)]).toEqual([
      "allow",
      undefined,
      undefined,
    ]);
    overrides.close();
    await connection.close();
  });
});
