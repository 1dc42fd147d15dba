import type { Scanner } from "../scanner.ts";
import type { ScanV1Options } from "./scan-v1-scanner.ts";

/**
 * `createScanV1Scanner`, which loads the client when the first remote scanner wants it. It brings an
 * HTTP client and a schema library, 12 MB in each thread that loads them; scan threads, which need
 * only the words of this folder, and servers without remote scanners do without.
 */
export async function createScanV1Scanner(options: ScanV1Options): Promise<Scanner> {
  const client = await import("./scan-v1-scanner.ts");
  return client.createScanV1Scanner(options);
}
