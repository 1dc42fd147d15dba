import { afterEach, beforeEach } from "vitest";
import {
  createScanV1Scanner,
  type Scanner,
  type ScanV1Options,
} from "../../../src/scanning/index.ts";
import { noEndpointMetrics, silentLogger } from "../../../src/telemetry/index.ts";
import { FakeScanner } from "../../support/fake-scanner.ts";
import { scanContext } from "../../support/samples/entities.ts";

export const options = {
  name: "fake",
  connections: 4,
  retry: { attempts: 1, budgetPercent: 20, backoffMs: 0 },
  circuitBreaker: { failures: 100, openForMs: 60_000 },
  credentials: {},
  metrics: noEndpointMetrics,
  logger: silentLogger,
} satisfies Omit<ScanV1Options, "urls">;

/** A context with so much time. */
export const within = (ms: number) => ({ ...scanContext(), deadlineAt: performance.now() + ms });
export const clean = { verdict: "clean" };

/** A fake scanner for each test of a `describe`, and clients of it that end with the test. */
export function useFakeScanner() {
  const scanners: Scanner[] = [];
  let fake: FakeScanner | undefined;
  beforeEach(async () => {
    fake = await FakeScanner.start();
  });
  afterEach(async () => {
    await Promise.all(scanners.splice(0).map((scanner) => scanner.close()));
    await fake?.stop();
  });
  const running = (): FakeScanner => {
    if (fake === undefined) throw new Error("the fake scanner did not start");
    return fake;
  };
  const scannerOf = async (changes: Partial<ScanV1Options> = {}): Promise<Scanner> => {
    const scanner = await createScanV1Scanner({ ...options, urls: [running().url], ...changes });
    scanners.push(scanner);
    return scanner;
  };
  return { running, scannerOf };
}
