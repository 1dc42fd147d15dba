import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RunningScanner } from "../../../src/app/index.ts";
import { scannerServer } from "../../../src/app/scanners/scanner-server.ts";
import { createScanV1Scanner, type Scanner } from "../../../src/scanning/index.ts";
import { noEndpointMetrics, silentLogger } from "../../../src/telemetry/index.ts";
import { answers, answersStatus, inTurn, type ScannerScript } from "../../support/fake-scanner.ts";
import { entityOf } from "../../support/samples/entities.ts";
import { TempDirectory } from "../../support/temp-directory.ts";
import { byPath, options, useVendor, within } from "./template-under-test.ts";

const sandbox = (interval: string) => `
steps:
  - { name: submit, request: { method: POST, path: /submit, body: { mode: Raw } }, extract: { id: res.json.id } }
  - { name: report, request: { path: "/report/\${state.id}" }, poll: { until: res.json.status == 'done', interval: ${interval} } }
result: { verdict: "res.json.score > 7 ? 'blocked' : 'clean'" }`;

const working = answers({ status: "working" });
const done = answers({ status: "done", score: 9 });
const ATONCE = { prefer: "respond-async, wait=0" };

describe("sluice scanner http with a vendor that takes its time", () => {
  const { vendor } = useVendor();
  const running: (RunningScanner | Scanner)[] = [];
  let directory: TempDirectory;
  beforeEach(() => {
    directory = new TempDirectory();
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => ("drain" in one ? one.drain() : one.close())));
    directory.remove();
  });

  const script = (...reports: readonly ScannerScript[]) => {
    const submit = answers({ id: "s-1" });
    vendor().script = byPath({ "/submit": submit, "/report/s-1": inTurn(...reports) });
  };
  /** A replica; the base URL of its scan/v1. */
  const start = async (
    interval: string,
    scanTimeoutMs = 20_000,
    maxConcurrentScans = 8,
  ): Promise<string> => {
    writeFileSync(directory.join("mine.yaml"), sandbox(interval));
    const scanner = await scannerServer.http(
      {
        ...{ templateFile: directory.join("mine.yaml"), preset: undefined, params: {} },
        ...{ secretsDirectory: undefined, caFile: undefined },
        url: vendor().url,
        workDirectory: directory.path,
      },
      {
        ...{ host: "127.0.0.1", port: 0, maxBytes: 1_000_000, maxConcurrentScans },
        ...{ scanTimeoutMs, drainDelayMs: 0, drainTimeoutMs: 1000, logger: silentLogger },
      },
    );
    running.push(scanner);
    return `http://${scanner.address.host}:${scanner.address.port}`;
  };
  const post = (url: string, headers: Record<string, string>) =>
    fetch(`${url}/v1/scan`, { method: "POST", body: "sample", headers });
  const clientOf = async (url: string): Promise<Scanner> => {
    const metrics = noEndpointMetrics;
    const client = await createScanV1Scanner({ ...options, urls: [url], credentials: {}, metrics });
    running.unshift(client);
    return client;
  };

  it("says in its info document that it may answer later", async () => {
    const info = await fetch(`${await start("10m")}/v1/info`);
    expect(await info.json()).toMatchObject({ modes: { sync: true, async: true } });
  });

  it("holds a scan as long as the caller waits", async () => {
    script(working, working, done);
    const answer = await post(await start("50ms"), { prefer: "respond-async, wait=15" });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ verdict: "blocked" });
  });

  it("answers 202 when the caller will not wait, with a path that every replica knows", async () => {
    script(working, done);
    const accepted = await post(await start("50ms"), ATONCE);
    expect(accepted.status).toBe(202);
    expect(accepted.headers.get("scan-verdict")).toBe("pending");
    expect(accepted.headers.get("cache-control")).toBe("no-store");
    const other = await start("50ms");
    const answer = await fetch(other + accepted.headers.get("location"));
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({ verdict: "blocked" });
  });

  it("answers 202 again while there is no verdict", async () => {
    script(working);
    const url = await start("10m");
    const first = (await post(url, ATONCE)).headers.get("location");
    const answer = await fetch(url + first, { headers: ATONCE });
    expect(answer.status).toBe(202);
    expect(answer.headers.get("location")).toMatch(/^\/v1\/scans\//);
  });

  it("looks once for a caller that asks and does not wait", async () => {
    script(working, done);
    const url = await start("50ms");
    const path = (await post(url, ATONCE)).headers.get("location");
    const status = async () => (await fetch(url + path, { headers: { prefer: "wait=0" } })).status;
    await expect.poll(status).toBe(200);
  });

  it("answers 504 where the job is too long for a path, and so for everybody", async () => {
    const id = randomBytes(1000).toString("hex");
    vendor().script = byPath({ "/submit": answers({ id }), [`/report/${id}`]: working });
    expect((await post(await start("10m"), ATONCE)).status).toBe(504);
  });

  it("holds sixteen polls for each place of a scan, and is busy for more", async () => {
    script(working);
    const url = await start("10s", 20_000, 1);
    const path = (await post(url, ATONCE)).headers.get("location");
    const left = new AbortController();
    const { signal } = left;
    const held = Array.from({ length: 16 }, () => fetch(url + path, { signal }).catch(() => {}));
    const status = async () => (await fetch(url + path, { headers: { prefer: "wait=0" } })).status;
    await expect.poll(status).toBe(503);
    left.abort();
    await Promise.all(held);
    await expect.poll(status).toBe(202);
  });

  it("holds a scan to its end for a caller that takes no 202", async () => {
    script(working);
    expect((await post(await start("10m"), { "scan-deadline-ms": "300" })).status).toBe(504);
  });

  it("gives a job to sluice serve at once in the background, which follows it", async () => {
    script(working, working, done);
    const client = await clientOf(await start("50ms"));
    const context = { ...within(60_000), keepJob: true, jobAtOnce: true };
    const { kind, job = "" } = await client.scan(entityOf("sample"), context);
    expect(kind).toBe("pending");
    expect((await client.follow?.(job, within(60_000)))?.kind).toBe("blocked");
    expect(vendor().received.filter(({ path }) => path === "/submit")).toHaveLength(1);
  });

  it("is pending for a service whose time is up", async () => {
    script(working);
    const client = await clientOf(await start("10m"));
    const verdict = await client.scan(entityOf("sample"), within(4000));
    expect(verdict).toMatchObject({ kind: "pending" });
  });

  it("fails when the vendor does", async () => {
    script(working, answersStatus(410));
    const url = await start("50ms");
    const { headers } = await post(url, ATONCE);
    const answer = await fetch(url + headers.get("location"));
    expect(await answer.json()).toMatchObject({ verdict: "error", message: /410/ });
  });

  it("goes on with no job of another template", async () => {
    script(working);
    const accepted = await post(await start("10m"), ATONCE);
    const other = await start("9m");
    const answer = await fetch(other + accepted.headers.get("location"));
    expect(await answer.json()).toMatchObject({ verdict: "error" });
  });

  it("answers a poll before its time is over, whether or not that was asked for", async () => {
    script(working);
    const url = await start("10m", 3000);
    const { headers } = await post(url, ATONCE);
    const answer = await fetch(url + headers.get("location"));
    expect(answer.status).toBe(202);
  });

  it.each([
    ["DELETE", 204],
    ["POST", 405],
  ])("answers %s of a scan with %i", async (method, status) => {
    script(working);
    const url = await start("10m");
    const { headers } = await post(url, ATONCE);
    expect((await fetch(url + headers.get("location"), { method })).status).toBe(status);
  });

  it("knows no scan that it did not accept", async () => {
    expect((await fetch(`${await start("10m")}/v1/scans/01J`)).status).toBe(404);
  });
});
