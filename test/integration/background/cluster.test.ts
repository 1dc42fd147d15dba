import { afterAll, beforeAll, expect, it } from "vitest";
import { JobScanner, verdictOf } from "../../support/job-scanner.ts";
import { describeWith } from "../../support/programs.ts";
import { ownPrefix } from "../../support/redis-cache.ts";
import { RedisCluster } from "../../support/redis-cluster.ts";
import { REDIS_SERVER } from "../../support/redis-server.ts";
import { entityOf } from "../../support/samples/entities.ts";
import { Pod } from "./pods.ts";

describeWith([REDIS_SERVER], "pods that share background scans by a Redis Cluster", () => {
  let cluster: RedisCluster;
  let pods: Pod[];
  beforeAll(async () => {
    cluster = await RedisCluster.start();
  }, 60_000);
  afterAll(async () => {
    await Promise.all(pods.map((pod) => pod.stop()));
    await cluster.stop();
  });

  it("join a scan, take it over and tell of it once", async () => {
    const sandbox = new JobScanner();
    const options = { url: cluster.url, prefix: ownPrefix(), sandbox };
    pods = [await Pod.start(options), await Pod.start(options)];
    const [one, other] = pods as [Pod, Pod];
    const file = entityOf("a file that takes minutes");
    await one.request(file, { transactionId: "1" });
    await expect.poll(() => sandbox.follows.length).toBe(1);
    await other.request(file, { transactionId: "2" });
    await expect.poll(() => other.asked).toEqual(["joined"]);
    await one.scans.drain(60_000);
    await expect.poll(() => other.moves).toEqual(["taken"]);
    sandbox.conclude(verdictOf("blocked"));
    await expect.poll(() => other.ends.length).toBe(1);
    expect(other.ends[0]?.recipients).toMatchObject([
      { transactionId: "1" },
      { transactionId: "2" },
    ]);
    expect(one.ends).toEqual([]);
  });
});
