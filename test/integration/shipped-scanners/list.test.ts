import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import { scannerServer } from "../../../src/app/scanners/scanner-server.ts";
import { silentLogger } from "../../../src/telemetry/index.ts";
import { describeShippedScanner } from "../../contracts/shipped-scanner.contract.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

const directory = new TempDirectory();
const domains = directory.join("domains.txt");
const hashes = directory.join("hashes.txt");
writeFileSync(domains, "bad.example\n");
writeFileSync(hashes, `${createHash("sha256").update("evil").digest("hex")} Evil.A\n`);
afterAll(() => directory.remove());

const server = {
  host: "127.0.0.1",
  port: 0,
  maxBytes: 1024,
  maxConcurrentScans: 4,
  scanTimeoutMs: 60_000,
  drainDelayMs: 0,
  drainTimeoutMs: 10_000,
  logger: silentLogger,
};
const nothing = { configFile: undefined, names: [], hashes: [], allowNames: [], allowHashes: [] };
const both = { ...nothing, names: [domains], hashes: [hashes] };

describeShippedScanner({
  name: "list",
  metric: "sluice_list_entries",
  start: (options) => scannerServer.list(both, options),
});

async function verdictOn(init: RequestInit): Promise<unknown> {
  const scanner = await scannerServer.list(both, server);
  try {
    const url = `http://127.0.0.1:${scanner.address.port}/v1/scan`;
    return await (await fetch(url, { method: "POST", ...init })).json();
  } finally {
    await scanner.drain();
  }
}

it("blocks content that is listed, whether it is sent or only its digest", async () => {
  const blocked = { verdict: "blocked", threats: [{ name: "Evil.A" }] };
  const digest = createHash("sha256").update("evil").digest("base64");
  const headers = { "Repr-Digest": `sha-256=:${digest}:`, "Scan-Total-Length": "4" };
  expect(await verdictOn({ body: "evil" })).toMatchObject(blocked);
  expect(await verdictOn({ headers })).toMatchObject(blocked);
});

it("blocks a URL that is listed before there is any content", async () => {
  const headers = { "Scan-Stage": "headers", "Scan-Url": "http://www.bad.example/x" };
  expect(await verdictOn({ headers })).toMatchObject({ verdict: "blocked", reason: "category" });
});

it("does not start with a list that cannot be used, and says which line", async () => {
  const broken = directory.join("broken.txt");
  writeFileSync(broken, "no hash\n");
  const start = scannerServer.list({ ...nothing, hashes: [broken] }, server);
  await expect(start).rejects.toMatchObject({
    problems: [expect.stringMatching(/broken\.txt, line 1: not understood: "no hash"$/)],
  });
});

it("does not start without any list, nor with both ways to name them", async () => {
  const wanted = { problems: [expect.stringContaining("either --config or lists")] };
  await expect(scannerServer.list(nothing, server)).rejects.toMatchObject(wanted);
  const configFile = "examples/lists/lists.yaml";
  await expect(scannerServer.list({ ...both, configFile }, server)).rejects.toMatchObject(wanted);
});
