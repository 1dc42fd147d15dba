import { type AccessFiles, type ScanEngine, ScanServer } from "../../scanners/index.ts";
import type { Logger } from "../../telemetry/index.ts";
import { letHeapGrow } from "../heap-growth.ts";

/** The scan/v1 server of a shipped scanner, whatever its engine. */
export interface ScanServerOptions {
  readonly host: string;
  readonly port: number;
  readonly maxBytes: number;
  readonly maxConcurrentScans: number;
  readonly scanTimeoutMs: number;
  readonly drainDelayMs: number;
  readonly drainTimeoutMs: number;
  readonly logger: Logger;
  /** Files: tokens, certificate and key, authorities of client certificates. */
  readonly access?: AccessFiles;
}

/** A started scanner. */
export interface RunningScanner {
  readonly address: { readonly host: string; readonly port: number };
  readonly scheme: "http" | "https";
  /** Of the engine, for the banner. */
  readonly epoch: string;
  readonly notReady: string | undefined;
  /** Ends when scans under way have ended, or their time is over. */
  drain(): Promise<void>;
  abort(): void;
}

/** Serves an engine, and closes it with the server. Rejects with the error of `listen`. */
export async function serveEngine(
  engine: ScanEngine,
  options: ScanServerOptions,
): Promise<RunningScanner> {
  letHeapGrow();
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
    scheme: options.access?.tls === undefined ? "http" : "https",
    epoch,
    notReady,
    drain: async () => {
      await server.drain();
      await engine.close();
    },
    abort: () => server.abort(),
  };
}
