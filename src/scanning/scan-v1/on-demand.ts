/**
 * The face of the scan/v1 client, which is loaded when it is first used. It brings an HTTP client
 * and a schema library, 12 MB in each thread that loads them; scan threads, which need only the
 * words of the folder above, and servers without remote scanners do without.
 *
 * @module
 */
import type { Scanner } from "../scanner.ts";
import type { ConformanceOptions, ConformanceResult } from "./conformance.ts";
import type { ScanV1Options } from "./scan-v1-scanner.ts";

/** As in scan-v1-scanner.ts. */
export async function createScanV1Scanner(options: ScanV1Options): Promise<Scanner> {
  const client = await import("./scan-v1-scanner.ts");
  return client.createScanV1Scanner(options);
}

/** As in conformance.ts. */
export async function* checkConformance(
  url: string,
  options?: ConformanceOptions,
): AsyncGenerator<ConformanceResult> {
  const conformance = await import("./conformance.ts");
  yield* conformance.checkConformance(url, options);
}
