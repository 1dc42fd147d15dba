import { once } from "node:events";
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunningScanner, ScanServerOptions } from "../../src/app/scanners/scanner-server.ts";
import { type ConformanceResult, checkConformance } from "../../src/scanning/index.ts";
import { silentLogger } from "../../src/telemetry/index.ts";

/** A shipped scanner as its command would start it. */
export interface ShippedScannerUnderTest {
  /** Its name, as `/v1/info` has it. */
  readonly name: string;
  readonly start: (server: ScanServerOptions) => Promise<RunningScanner>;
  /** A metric of its own. */
  readonly metric: string;
}

/** A scanner may compile rules, on a machine that is busy with other tests. */
const START_MS = 60_000;

const server: ScanServerOptions = {
  host: "127.0.0.1",
  port: 0,
  maxBytes: 4 * 1024 * 1024,
  maxConcurrentScans: 16,
  scanTimeoutMs: 60_000,
  drainDelayMs: 0,
  drainTimeoutMs: 10_000,
  logger: silentLogger,
};

/** What every `sluice scanner` promises, whatever its engine. */
export function describeShippedScanner({ name, start, metric }: ShippedScannerUnderTest): void {
  describe(`sluice scanner ${name} keeps the contract of a shipped scanner`, () => {
    let scanner: RunningScanner;
    beforeAll(async () => {
      scanner = await start(server);
    }, START_MS);
    afterAll(() => scanner.drain(), START_MS);

    const url = (path: string): string => `http://127.0.0.1:${scanner.address.port}${path}`;
    const page = async (path: string): Promise<string> => await (await fetch(url(path))).text();

    it("keeps every rule of scan/v1", { timeout: START_MS }, async () => {
      const results: ConformanceResult[] = [];
      for await (const result of checkConformance(url("/"), { heldMs: 10 })) results.push(result);
      expect(results.filter(({ result }) => result === "failed")).toEqual([]);
      expect(results.some(({ result }) => result === "ok")).toBe(true);
    });

    it("is alive and ready", async () => {
      expect([await page("/healthz"), await page("/readyz")]).toEqual(["ok\n", "ready\n"]);
    });

    it("says who it is, by the epoch of its banner", async () => {
      const info = JSON.parse(await page("/v1/info")) as Readonly<Record<string, unknown>>;
      expect(info).toMatchObject({ protocol: "scan/v1", name, epoch: scanner.epoch });
      expect(scanner.epoch).toMatch(/^[\x20-\x7e]{4,}$/);
    });

    it("has the epoch again when it is started again", { timeout: START_MS }, async () => {
      const other = await start(server);
      await other.drain();
      expect(other.epoch).toBe(scanner.epoch);
    });

    it("counts what it does, and what its engine does", async () => {
      await (await fetch(url("/v1/scan"), { method: "POST", body: "x" })).text();
      const metrics = await page("/metrics");
      expect(metrics).toMatch(/^sluice_scan_verdicts_total\{verdict="\w+"\} [1-9]/m);
      expect(metrics).toMatch(new RegExp(`^${metric}\\b`, "m"));
    });

    it("lets a scan end that is under way when it drains", { timeout: START_MS }, async () => {
      const draining = await start({ ...server, drainDelayMs: 0 });
      const upload = request(`http://127.0.0.1:${draining.address.port}/v1/scan`, {
        method: "POST",
        headers: { "Content-Length": 4 },
        agent: false,
      });
      const answered = once(upload, "response");
      upload.write("ab");
      await scansUnderWay(draining);
      const drained = draining.drain();
      upload.end("cd");
      const [response] = await answered;
      expect(response.statusCode).toBe(200);
      expect(JSON.parse(await text(response))).toHaveProperty("verdict");
      await drained;
      await expect(fetch(`http://127.0.0.1:${draining.address.port}/healthz`)).rejects.toThrow();
    });
  });
}

async function scansUnderWay({ address }: RunningScanner): Promise<void> {
  await expect
    .poll(async () => await (await fetch(`http://127.0.0.1:${address.port}/metrics`)).text())
    .toMatch(/^sluice_scan_in_flight 1$/m);
}
