import { processSources } from "../../config/index.ts";
import { createSqlEngine, readSqlSettings, type ScanEngine } from "../../scanners/index.ts";
import type { ScanServerOptions } from "./running-scanner.ts";

/** What `sluice scanner sql` has beside its server. */
export interface SqlScannerOptions {
  /** Says which database, what it is asked, and what rows mean. */
  readonly configFile: string;
}

/** Rejects with a `StartError`. */
export async function sqlEngine(
  { configFile }: SqlScannerOptions,
  { logger }: ScanServerOptions,
): Promise<ScanEngine> {
  const settings = await readSqlSettings(configFile);
  return createSqlEngine({ settings, env: processSources([]).env, logger });
}
