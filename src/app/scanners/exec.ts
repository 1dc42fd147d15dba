import { createExecEngine, readExecConfig, type ScanEngine } from "../../scanners/index.ts";
import type { ScanServerOptions } from "./running-scanner.ts";

/** What `sluice scanner exec` has beside its server. */
export interface ExecScannerOptions {
  /** Says which program, and what its end means. */
  readonly configFile: string;
  /** Left out: the system's temporary directory. */
  readonly workDirectory: string | undefined;
}

/** Rejects with a `StartError`. */
export async function execEngine(
  { configFile, workDirectory }: ExecScannerOptions,
  { logger }: ScanServerOptions,
): Promise<ScanEngine> {
  return createExecEngine({ config: await readExecConfig(configFile), workDirectory, logger });
}
