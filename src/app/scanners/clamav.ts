import { createClamavEngine, parseClamdAddress, type ScanEngine } from "../../scanners/index.ts";
import type { StartError } from "../port.ts";
import type { ScanServerOptions } from "./running-scanner.ts";

/** What `sluice scanner clamav` has beside its server. */
export interface ClamavScannerOptions {
  readonly clamds: readonly string[];
  readonly connectTimeoutMs: number;
  readonly probeIntervalMs: number;
  readonly ownEpoch: string | undefined;
  readonly handOverDirectory?: string | undefined;
}

/** Rejects with a `StartError`. */
export async function clamavEngine(
  options: ClamavScannerOptions,
  { logger }: ScanServerOptions,
): Promise<ScanEngine> {
  return createClamavEngine({ ...options, clamds: addresses(options.clamds), logger });
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
