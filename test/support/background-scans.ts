import { BackgroundScans, type BackgroundScansOptions } from "../../src/background/index.ts";
import { noBackgroundMetrics, silentLogger } from "../../src/telemetry/index.ts";

/** Background scans of one process that tell nobody, with what a test sets otherwise. */
export function backgroundScans(options: Partial<BackgroundScansOptions> = {}): BackgroundScans {
  return new BackgroundScans({
    ledger: undefined,
    limits: { maxScans: 100, maxBytes: 1_000_000, uploads: 4 },
    timing: { leaseMs: 60_000, lookMs: 60_000 },
    scannerOf: () => undefined,
    metrics: noBackgroundMetrics,
    logger: silentLogger,
    onEnd: () => {},
    ...options,
  });
}
