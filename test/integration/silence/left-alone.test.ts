import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createScanV1Scanner, DeadlineScanner, type Scanner } from "../../../src/scanning/index.ts";
import { MetricsRegistry, PrometheusEndpointMetrics } from "../../../src/telemetry/index.ts";
import { afterUpload, answers, FakeScanner } from "../../support/fake-scanner.ts";
import { icapRequest } from "../../support/icap-request.ts";
import { startScanning } from "../../support/scan-service.ts";
import type { ServerUnderTest } from "../../support/server-under-test.ts";

/** A clock on which whoever waits for a moment has waited for long, and that can be set forward. */
class HastyClock {
  #aheadMs = 0;

  readonly now = (): number => performance.now() * 10_000 + this.#aheadMs;

  forward(ms: number): void {
    this.#aheadMs += ms;
  }
}

const OPEN_FOR_MS = Number.MAX_SAFE_INTEGER / 4;

describe("services whose scanner answers probes and hangs on scans", () => {
  let clock: HastyClock;
  let fake: FakeScanner;
  let scanner: Scanner;
  let under: ServerUnderTest;
  let registry: MetricsRegistry;
  let log: string[];
  beforeEach(async () => {
    clock = new HastyClock();
    log = [];
    registry = new MetricsRegistry({ processMetrics: false });
    fake = await FakeScanner.start(afterUpload(() => {}));
    const note = (message: string, fields = {}) => log.push(JSON.stringify({ message, ...fields }));
    scanner = await createScanV1Scanner({
      name: "clamav",
      urls: [fake.url],
      connections: 4,
      retry: { attempts: 1, budgetPercent: 0, backoffMs: 0 },
      circuitBreaker: { failures: 2, openForMs: OPEN_FOR_MS, now: clock.now },
      credentials: {},
      metrics: new PrometheusEndpointMetrics(registry),
      logger: { debug: () => {}, info: note, warn: note, error: note },
    });
    under = await startScanning([
      { path: "/impatient", scanner: new DeadlineScanner(scanner, { timeoutMs: 1000 }) },
      { path: "/patient", scanner: new DeadlineScanner(scanner, { timeoutMs: 60_000 }) },
    ]);
  });
  afterEach(async () => {
    await under.close();
    await scanner.close();
    await fake.stop();
  });

  /** What one message comes to. */
  const judge = async (path: string): Promise<string> => {
    const { length } = under.records;
    const connection = await under.connect();
    await connection.send(
      icapRequest({ method: "RESPMOD", path, fields: ["Allow: 204"], body: "a body" }),
    );
    await connection.readAnswer();
    connection.close();
    const { outcome, cause } = await under.record(length);
    return `${outcome} ${cause}`;
  };
  const ejections = async (): Promise<string[]> =>
    (await registry.text()).split("\n").filter((line) => /^sluice_scanner_\w*eject/.test(line));

  it("block at once when enough scans were out of time, and log and metrics tell why", async () => {
    expect(await judge("/impatient")).toBe("blocked timeout");
    expect(await judge("/impatient")).toBe("blocked timeout");
    expect(await judge("/patient")).toBe("blocked error");
    expect(log.map((line) => JSON.parse(line))).toEqual([
      {
        message: "scanner keeps failing, left alone",
        scanner: "clamav",
        url: fake.url,
        why: "no answer in time",
      },
    ]);
    expect(await ejections()).toEqual([
      'sluice_scanner_ejections_total{scanner="clamav",reason="failures"} 1',
      `sluice_scanner_endpoint_ejected{scanner="clamav",url="${fake.url}",address=""} 1`,
    ]);
  });

  it("judge again, by themselves, when the scanner has recovered", async () => {
    await judge("/impatient");
    await judge("/impatient");
    fake.script = answers({ verdict: "clean" });
    clock.forward(OPEN_FOR_MS);
    expect(await judge("/patient")).toBe("unmodified clean");
    expect(log.at(-1)).toContain("scanner works again");
    expect((await ejections()).at(-1)).toMatch(/ 0$/);
  });
});
