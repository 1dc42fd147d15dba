import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { eicar } from "../../support/eicar.ts";
import { afterUpload, FakeScanner } from "../../support/fake-scanner.ts";
import { icapRequest } from "../../support/icap-request.ts";
import { describeWith } from "../../support/programs.ts";
import { REDIS_SERVER, RedisServer } from "../../support/redis-server.ts";
import { Sluice } from "../../support/sluice.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

const resources = (url: string): string => `
apiVersion: icap.sluice.dev/v1alpha1
kind: IcapScanner
metadata: { name: remote }
spec:
  protocol: { type: ScanV1 }
  endpoint: { url: "${url}" }
---
apiVersion: icap.sluice.dev/v1alpha1
kind: IcapService
metadata: { name: remote }
spec:
  path: /remote
  scanners: [{ name: remote, ref: { kind: IcapScanner, name: remote } }]
---
apiVersion: icap.sluice.dev/v1alpha1
kind: IcapService
metadata: { name: fresh }
spec:
  path: /fresh
  scanners: [{ name: remote, ref: { kind: IcapScanner, name: remote } }]
  cache: { cleanTtl: 0s, blockedTtl: 0s }
`;

const TOKEN = "t".repeat(40);

interface Line {
  readonly msg: string;
  readonly verdict: string;
  readonly cached?: boolean;
}

describeWith([REDIS_SERVER], "two servers with one Redis", () => {
  let directory: TempDirectory;
  let redis: RedisServer;
  let scanner: FakeScanner;
  let one: Sluice;
  let other: Sluice;
  beforeAll(async () => {
    directory = new TempDirectory();
    redis = await RedisServer.start();
    scanner = await FakeScanner.start();
    scanner.script = afterUpload((_request, response) => {
      const isBad = scanner.received.at(-1)?.body.includes(eicar) === true;
      const document = isBad
        ? { verdict: "blocked", reason: "malware", threats: [{ name: "Eicar" }] }
        : { verdict: "clean" };
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify(document));
    });
    writeFileSync(directory.join("services.yaml"), resources(scanner.url));
    writeFileSync(directory.join("keys"), `${"k".repeat(40)}\n`);
    writeFileSync(directory.join("tokens"), `ada ${TOKEN}\n`);
    const flags = [
      ...["-f", directory.join("services.yaml"), `--cache-redis-url=${redis.url}`],
      ...[`--cache-hmac-key-file=${directory.join("keys")}`, "--cache-redis-read-timeout=1s"],
      `--admin-token-file=${directory.join("tokens")}`,
    ];
    [one, other] = await Promise.all([Sluice.start({ flags }), Sluice.start({ flags })]);
  });
  afterAll(async () => {
    await Promise.all([one?.stop(), other?.stop()]);
    await scanner.stop();
    await redis.stop();
    directory.remove();
  });

  const lines = (sluice: Sluice): Line[] =>
    sluice.log
      .split("\n")
      .filter((line) => line.includes('"msg":"transaction"') && line.endsWith("}"))
      .map((line) => JSON.parse(line) as Line);

  /** One transaction: the status of its answer, and its line in the log. */
  const judge = async (sluice: Sluice, body: string, path = "/remote") => {
    const before = lines(sluice).length;
    const connection = await sluice.connect();
    await connection.send(icapRequest({ method: "RESPMOD", path, fields: ["Allow: 204"], body }));
    const { status } = await connection.readAnswer();
    connection.close();
    while (lines(sluice).length === before) await pause(5);
    const { verdict, cached } = lines(sluice).at(-1) as Line;
    return { status, verdict, cached };
  };
  const stored = (count: number) =>
    expect
      .poll(async () => (await redis.admin.keys("sluice:v*")).length)
      .toBeGreaterThanOrEqual(count);

  it("scan a file once, and say which of them did", async () => {
    const scans = scanner.received.length;
    expect(await judge(one, "harmless")).toEqual({ status: 204, verdict: "clean" });
    await stored(1);
    expect(await judge(other, "harmless")).toEqual({ status: 204, verdict: "clean", cached: true });
    expect(scanner.received).toHaveLength(scans + 1);
  });

  it("block a file that one of them has found to be bad", async () => {
    const known = (await redis.admin.keys("sluice:v*")).length;
    expect(await judge(one, eicar)).toEqual({ status: 200, verdict: "blocked" });
    await stored(known + 1);
    expect(await judge(other, eicar)).toEqual({ status: 200, verdict: "blocked", cached: true });
  });

  it("scan each time for a service that wants nothing remembered", async () => {
    const scans = scanner.received.length;
    await judge(one, "harmless", "/fresh");
    await judge(one, "harmless", "/fresh");
    expect(scanner.received).toHaveLength(scans + 2);
  });

  it("show how the cache is in their metrics", async () => {
    const text = await (await fetch(`${other.adminUrl}/metrics`)).text();
    expect(text).toMatch(/^sluice_cache_redis_available 1$/m);
    expect(text).toMatch(/^sluice_cache_reads_total\{tier="redis",result="hit"\} [1-9]/m);
    expect(text).toMatch(/^sluice_scanner_answers_total\{scanner="remote",from="cache"\} [1-9]/m);
  });

  it("both go by what an operator tells one of them, and by its end", async () => {
    const body = "a false positive";
    const sha256 = createHash("sha256").update(body).digest("hex");
    const order = {
      action: "block",
      reason: "leaked document",
      expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    };
    const tell = (method: string) =>
      fetch(`${one.adminUrl}/v1/cache/overrides/${sha256}`, {
        method,
        headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
        ...(method === "PUT" && { body: JSON.stringify(order) }),
      });
    const both = async () => [(await judge(one, body)).status, (await judge(other, body)).status];
    const before = await both();
    const answer = await (await tell("PUT")).json();
    await expect.poll(both).toEqual([200, 200]);
    await tell("DELETE");
    await expect.poll(both).toEqual([204, 204]);
    expect([before, answer]).toMatchObject([[204, 204], { storage: "redis" }]);
  });

  it("go on without it", async () => {
    await redis.kill();
    expect((await judge(one, "another file")).status).toBe(204);
    expect((await judge(other, eicar)).status).toBe(200);
  });
});
