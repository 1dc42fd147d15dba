import { createYaraService, type ScanEngine } from "../../scanners/index.ts";
import type { StartError } from "../port.ts";
import type { ScanServerOptions } from "./running-scanner.ts";

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
    const message = error instanceof Error ? error.message : String(error);
    throw Object.assign(new Error(message, { cause: error }), {
      problems: [`cannot use the rules: ${message}`],
    } satisfies StartError);
  }
}
