import { createClamavEngine, parseClamdAddress, ScanServer } from "../scanners/index.ts";
import type { Logger } from "../telemetry/index.ts";
import type { StartError } from "./port.ts";

/** A shipped scanner as a process of its own: what `sluice scanner clamav` says. */
export interface ClamavScannerOptions {
  readonly host: string;
  readonly port: number;
  readonly clamds: readonly string[];
  readonly connectTimeoutMs: number;
  readonly probeIntervalMs: number;
  readonly ownEpoch: string | undefined;
  readonly maxBytes: number;
  readonly maxConcurrentScans: number;
  readonly scanTimeoutMs: number;
  readonly drainDelayMs: number;
  readonly drainTimeoutMs: number;
  readonly logger: Logger;
}

/** A started scanner. */
export interface RunningScanner {
  readonly address: { readonly host: string; readonly port: number };
  /** Of the engine, for the banner. */
  readonly epoch: string;
  readonly notReady: string | undefined;
  /** Ends when scans under way have ended, or their time is over. */
  drain(): Promise<void>;
  abort(): void;
}

/** Starts shipped scanners. */
export interface ScannerServer {
  /** Rejects with a `StartError`, or with the error of `listen`. */
  readonly startClamavScanner: (options: ClamavScannerOptions) => Promise<RunningScanner>;
}

export const scannerServer: ScannerServer = { startClamavScanner };

async function startClamavScanner(options: ClamavScannerOptions): Promise<RunningScanner> {
  const engine = await createClamavEngine({ ...options, clamds: addresses(options.clamds) });
  const server = new ScanServer({ ...options, engine, processMetrics: true });
  try {
    await server.start();
  } catch (error) {
    await engine.close();
    throw error;
  }
  const { epoch, notReady } = engine.state();
  return {
    address: server.address,
    epoch,
    notReady,
    drain: async () => {
      await server.drain();
      await engine.close();
    },
    abort: () => server.abort(),
  };
}

function addresses(texts: readonly string[]) {
  const parsed = texts.map((text) => parseClamdAddress(text) ?? text);
  const problems = parsed
    .filter((one) => typeof one === "string")
    .map(
      (text) => `--clamd: "${text}" is no address such as 127.0.0.1:3310 or unix:/run/clamd.ctl`,
    );
  if (problems.length > 0) {
    throw Object.assign(new Error(problems.join("; ")), { problems } satisfies StartError);
  }
  return parsed.filter((one) => typeof one !== "string");
}
