import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Verdict } from "../../../src/scanning/index.ts";
import { JobScanner, verdictOf } from "../../support/job-scanner.ts";
import { describeWith } from "../../support/programs.ts";
import { ownPrefix } from "../../support/redis-cache.ts";
import { REDIS_SERVER, RedisServer } from "../../support/redis-server.ts";
import { entityOf } from "../../support/samples/entities.ts";
import { Pod, type PodOptions } from "./pods.ts";

const file = entityOf("a file that takes minutes");
const blocked = verdictOf("blocked", { threats: [{ name: "Trojan" }] });

describeWith([REDIS_SERVER], "pods that share background scans", () => {
  let redis: RedisServer;
  let sandbox: JobScanner;
  let prefix: string;
  let pods: Pod[];
  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(async () => {
    await redis.stop();
  });
  beforeEach(async () => {
    if (!redis.isRunning) await redis.restart();
    sandbox = new JobScanner();
    prefix = ownPrefix();
    pods = [];
  });
  afterEach(async () => {
    await Promise.all(pods.map((pod) => pod.stop()));
  });

  const start = async (options: Partial<PodOptions> = {}): Promise<Pod> => {
    const pod = await Pod.start({ url: redis.url, prefix, sandbox, ...options });
    pods.push(pod);
    return pod;
  };
  const follows = (count: number) => expect.poll(() => sandbox.follows.length).toBe(count);
  const ended = (pod: Pod) => expect.poll(() => pod.ends.length).toBe(1);
  /** A lease of no time at all: the scan is anybody's. */
  const leaseEnds = () => redis.admin.zadd(`${prefix}{background}:due`, 0, ...ids());
  let ids: () => string[];
  const entered = async (): Promise<void> => {
    await expect.poll(() => redis.admin.hlen(`${prefix}{background}:records`)).toBe(1);
    const keys = await redis.admin.hkeys(`${prefix}{background}:records`);
    ids = () => keys;
  };
  /** The job lies in Redis. */
  const following = async (count = 1): Promise<void> => {
    await follows(count);
    await entered();
  };

  it("begin one for a file that is asked for on both", async () => {
    const [one, other] = [await start(), await start()];
    await one.request(file, { transactionId: "1" });
    await following();
    expect(await other.request(file, { transactionId: "2" })).toMatchObject({ kind: "pending" });
    await expect.poll(() => other.asked).toEqual(["joined"]);
    sandbox.conclude(blocked);
    await ended(one);
    expect(sandbox.uploads.length).toBe(1);
    expect(one.ends[0]?.recipients).toMatchObject([
      { transactionId: "1", delivered: true },
      { transactionId: "2", delivered: true },
    ]);
    expect(other.ends).toEqual([]);
  });

  it("block the next request on every pod", async () => {
    const [one, other] = [await start(), await start()];
    expect((await one.request(file)).kind).toBe("pending");
    await following();
    sandbox.conclude(blocked);
    await ended(one);
    await expect
      .poll(async () => (await other.request(file)).kind, { interval: 10 })
      .toBe("blocked");
    expect((await one.request(file)).kind).toBe("blocked");
  });

  describe("of which one dies", () => {
    it("go on where it was, to the end", async () => {
      const [one, other] = [await start(), await start()];
      await one.request(file, { transactionId: "1" });
      await following();
      await one.die();
      await leaseEnds();
      await other.look();
      await follows(2);
      sandbox.conclude(blocked);
      await ended(other);
      expect(other.ends[0]).toMatchObject({
        verdict: blocked,
        recipients: [{ transactionId: "1" }],
      });
      expect(other.moves).toEqual(["taken"]);
      expect((await other.request(file)).kind).toBe("blocked");
    });

    it("leave alone what is still held", async () => {
      const [one, other] = [await start(), await start()];
      await one.request(file);
      await following();
      await other.look();
      expect([other.moves, sandbox.follows.length]).toEqual([[], 1]);
    });

    it("tell that its bytes are lost, and begin anew", async () => {
      const [one, other] = [await start(), await start()];
      sandbox.upload = (_entity, { signal }) =>
        new Promise<Verdict>((resolve) =>
          signal.addEventListener("abort", () => resolve(verdictOf("error")), { once: true }),
        );
      await one.request(file, { transactionId: "1" });
      await entered();
      await one.die();
      await leaseEnds();
      await other.look();
      await ended(other);
      expect(other.ends[0]).toMatchObject({
        verdict: { kind: "error" },
        recipients: [{ transactionId: "1" }],
      });
      sandbox.upload = () => blocked;
      await other.request(file);
      await expect.poll(() => other.ends[1]?.verdict).toEqual(blocked);
    });

    it("begin anew what nobody could ever take over, since Redis has evicted when its lease ends", async () => {
      const [one, other] = [await start(), await start()];
      await one.request(file, { transactionId: "1" });
      await following();
      await one.die();
      await redis.admin.del(`${prefix}{background}:due`);
      await other.request(file, { transactionId: "2" });
      await expect.poll(() => other.asked, { timeout: 15_000 }).toEqual(["started"]);
      expect(sandbox.uploads.length).toBe(2);
      // Both are told of at the end.
      const recipients = `${prefix}{background}:to:${ids()[0]}`;
      await expect.poll(() => redis.admin.llen(recipients), { timeout: 15_000 }).toBe(2);
    });

    it("leave what only others know the scanner of", async () => {
      const [one, other, third] = [await start(), await start(), await start()];
      await one.request(file);
      await following();
      await one.die();
      other.knowsScanner = false;
      await leaseEnds();
      await other.look();
      expect(other.moves).toEqual([]);
      await expect
        .poll(() => redis.admin.hget(`${prefix}{background}:owners`, ids()[0] ?? ""))
        .toBe("");
      await leaseEnds();
      await third.look();
      expect(third.moves).toEqual(["taken"]);
    });
  });

  describe("of which one comes back after another took over", () => {
    const takenOver = async (): Promise<readonly [Pod, Pod]> => {
      const [one, other] = [await start(), await start()];
      await one.request(file);
      await following();
      await leaseEnds();
      await other.look();
      await follows(2);
      return [one, other];
    };

    it("tell of the end once", async () => {
      const [one, other] = await takenOver();
      sandbox.conclude(blocked);
      await ended(other);
      await expect.poll(() => one.moves).toEqual(["fenced"]);
      expect(one.ends).toEqual([]);
    });

    it("tell once also when the other has ended it before", async () => {
      const [one, other] = [await start(), await start()];
      const slow = Promise.withResolvers<Verdict>();
      sandbox.slow = slow.promise;
      await one.request(file);
      await following();
      sandbox.slow = undefined;
      await leaseEnds();
      await other.look();
      sandbox.conclude(blocked);
      await ended(other);
      slow.resolve(blocked);
      await expect.poll(() => one.moves).toEqual(["fenced"]);
      expect(one.ends).toEqual([]);
    });

    it("tell what it has found after the other took its bytes for lost", async () => {
      const [one, other] = [await start(), await start()];
      const uploaded = Promise.withResolvers<Verdict>();
      sandbox.upload = () => uploaded.promise;
      await one.request(file, { transactionId: "1" });
      await entered();
      await leaseEnds();
      await other.look();
      await ended(other);
      uploaded.resolve(blocked);
      await ended(one);
      expect(one.ends[0]).toMatchObject({
        verdict: blocked,
        recipients: [{ transactionId: "1" }],
      });
    });

    it("stop following on the one that lost its lease", async () => {
      const [one] = await takenOver();
      await one.scans.renew();
      await expect.poll(() => one.scans.usage.scans).toBe(0);
      expect(one.ends).toEqual([]);
    });
  });

  describe("of which one drains", () => {
    it("go on at once on another", async () => {
      const [one, other] = [await start(), await start()];
      await one.request(file);
      await following();
      await one.scans.drain(60_000);
      await expect.poll(() => other.moves).toEqual(["taken"]);
      expect([one.moves, one.ends]).toEqual([["given"], []]);
    });

    it("wait for the end of an upload, and then go on on another", async () => {
      const [one, other] = [await start(), await start()];
      const uploaded = Promise.withResolvers<Verdict>();
      sandbox.upload = () => uploaded.promise;
      await one.request(file);
      await entered();
      const handedOver = one.scans.handOver();
      uploaded.resolve(verdictOf("pending", { job: "7" }));
      await handedOver;
      await expect.poll(() => other.moves).toEqual(["taken"]);
      await expect.poll(() => sandbox.follows).toContain("7");
      expect(one.ends).toEqual([]);
    });
  });

  describe("and lose their Redis", () => {
    it("go on with what they have", async () => {
      const one = await start();
      await one.request(file);
      await following();
      await redis.kill();
      sandbox.conclude(blocked);
      await ended(one);
      expect(one.ends[0]?.verdict).toEqual(blocked);
    });

    it("begin scans without it", async () => {
      const one = await start();
      await redis.kill();
      await one.request(file);
      await one.request(file);
      sandbox.conclude(blocked);
      await ended(one);
      expect(sandbox.uploads.length).toBe(1);
    });

    it("enter their scans again when it is back, empty", async () => {
      const [one, other] = [await start(), await start()];
      await one.request(file);
      await following();
      await redis.kill();
      await redis.restart();
      await expect
        .poll(async () => {
          await one.scans.renew();
          return redis.admin.hlen(`${prefix}{background}:records`);
        })
        .toBe(1);
      await entered();
      // Without it, each scans for itself.
      await expect.poll(() => other.hasRedis).toBe(true);
      expect(await other.request(file)).toMatchObject({ kind: "pending" });
      await expect.poll(() => other.asked).toEqual(["joined"]);
    });
  });

  describe("in whose Redis somebody else writes", () => {
    const key = Buffer.from("0123456789abcdef0123456789abcdef");

    it("follow no scan that does not verify", async () => {
      const [one, other] = [await start({ key }), await start({ key })];
      await one.request(file);
      await following();
      const records = `${prefix}{background}:records`;
      const [id = ""] = ids();
      const sealed = await redis.admin.hgetBuffer(records, id);
      // The job of one file, as that of another.
      await redis.admin.hset(records, "another", sealed ?? "");
      await redis.admin.zadd(`${prefix}{background}:due`, 0, "another");
      await other.look();
      await expect.poll(() => redis.admin.hexists(records, "another")).toBe(0);
      expect([other.unverified, other.moves]).toEqual([1, []]);
      await leaseEnds();
      await other.look();
      expect([other.unverified, other.moves]).toEqual([1, ["taken"]]);
    });

    it("scan what a forged entry says is being scanned", async () => {
      const [one, other] = [await start({ key }), await start({ key })];
      await one.request(file);
      await following();
      const [id = ""] = ids();
      await redis.admin.hset(`${prefix}{background}:records`, id, "forged");
      await other.request(file);
      await expect.poll(() => sandbox.uploads.length, { timeout: 15_000 }).toBe(2);
      expect([other.unverified, other.asked]).toEqual([1, ["started"]]);
    });

    it("begin scans where keys are of a wrong type", async () => {
      const [one, other] = [await start(), await start()];
      for (const name of ["due", "owners", "records"])
        await redis.admin.set(`${prefix}{background}:${name}`, "somebody else's");
      await one.request(file);
      await following();
      await other.request(file);
      await expect.poll(() => other.asked, { timeout: 15_000 }).toEqual(["joined"]);
    });

    it("take nothing that is no scan", async () => {
      const other = await start();
      await redis.admin.hset(`${prefix}{background}:records`, "x", "\u0001{}");
      await redis.admin.zadd(`${prefix}{background}:due`, 0, "x");
      await other.look();
      await expect.poll(() => redis.admin.hlen(`${prefix}{background}:records`)).toBe(0);
      expect(other.moves).toEqual([]);
    });
  });
});
