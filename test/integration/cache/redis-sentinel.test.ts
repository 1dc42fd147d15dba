import { writeFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { type Pod, startPods } from "../../support/cache-fleet.ts";
import { CacheLoad, eicarScanner } from "../../support/cache-load.ts";
import { ChildProgram } from "../../support/child-program.ts";
import { freePort, waitForListener } from "../../support/free-port.ts";
import { describeWith } from "../../support/programs.ts";
import { REDIS_SERVER, RedisServer } from "../../support/redis-server.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

describeWith([REDIS_SERVER], "a Redis that sentinels watch", () => {
  let master: RedisServer;
  let replica: RedisServer;
  let sentinel: ChildProgram;
  let directory: TempDirectory;
  let url: string;
  let pods: Pod[] = [];
  beforeAll(async () => {
    directory = new TempDirectory();
    master = await RedisServer.start();
    replica = await RedisServer.start("--replicaof", "127.0.0.1", String(master.port));
    // Returns once the replica has all that the master has.
    await master.run("WAIT", 1, 20_000);
    const port = await freePort();
    const settings = directory.join("sentinel.conf");
    writeFileSync(
      settings,
      [
        `port ${port}`,
        "bind 127.0.0.1",
        `dir ${directory.path}`,
        `sentinel monitor mymaster 127.0.0.1 ${master.port} 1`,
        // Not less: a master that only waits for the processor must not be taken for dead.
        "sentinel down-after-milliseconds mymaster 2000",
        "sentinel failover-timeout mymaster 3000",
        "",
      ].join("\n"),
    );
    sentinel = new ChildProgram(REDIS_SERVER, [settings, "--sentinel"]);
    await sentinel.stopUnless(waitForListener(port));
    // It learns of replicas from the master.
    await sentinel.waitForOutput(/\+slave slave/);
    url = `redis-sentinel://127.0.0.1:${port}#mymaster`;
  });
  afterAll(async () => {
    await Promise.all([sentinel.stop(), master.stop(), replica.stop()]);
    directory.remove();
  });
  afterEach(async () => {
    await Promise.all(pods.map((pod) => pod.stop()));
  });

  it("fails over under load: nothing fails, and it recovers", { timeout: 150_000 }, async () => {
    const timing = { lockMs: 300, pollMs: [10, 50], purgePollMs: 1000 } as const;
    const scanner = eicarScanner();
    pods = await startPods(2, { url, scanner, timeoutMs: 500, maxAgeMs: 1, timing });
    const load = new CacheLoad(pods);
    await load.run(60);
    expect(load.reads("redis hit")).toBeGreaterThan(0);
    await master.kill();
    expect(await load.run(500)).toEqual([]);
    expect(load.failedReads).toBeGreaterThan(0);
    await sentinel.waitForOutput(/\+switch-master/, 60_000);
    await load.recovered(60_000);
    expect(await load.run(100)).toEqual([]);
    expect(await replica.admin.dbsize()).toBeGreaterThan(0);
  });
});
