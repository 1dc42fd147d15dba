import { readFile } from "node:fs/promises";
import { createExecEngine, readExecConfig, type ScanEngine } from "../../scanners/index.ts";
import type { Logger } from "../../telemetry/index.ts";
import type { StartError } from "../port.ts";

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
  logger: Logger,
): Promise<ScanEngine> {
  const read = readExecConfig(await readFile(configFile, "utf8"), configFile);
  if ("problems" in read) {
    const { problems } = read;
    throw Object.assign(new Error(problems.join("; ")), { problems } satisfies StartError);
  }
  return createExecEngine({ config: read.config, workDirectory, logger });
}
