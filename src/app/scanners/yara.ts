import { createYaraService, type ScanEngine } from "../../scanners/index.ts";
import type { ScanServerOptions } from "./running-scanner.ts";
import { refuse, startProblem } from "./start-problem.ts";

/** What `sluice scanner yara` has beside its server. */
export interface YaraScannerOptions {
  readonly rules: readonly string[];
  readonly shippedRules: boolean;
  readonly pollMs: number;
  readonly cacheDirectory: string | undefined;
  readonly workDirectory: string;
  readonly threads: number | undefined;
}

/** Rejects with a `StartError`. */
export async function yaraEngine(
  options: YaraScannerOptions,
  server: ScanServerOptions,
): Promise<ScanEngine> {
  try {
    return await createYaraService({ ...server, ...options });
  } catch (error) {
    return refuse([`cannot use the rules: ${startProblem(error)}`], error);
  }
}
