import { afterAll, beforeAll } from "vitest";
import { createIcapScanner, type IcapScannerOptions } from "../../../src/chain/index.ts";
import { SPOOL_DEFAULTS, SpoolStore } from "../../../src/entity/index.ts";
import type { Scanner } from "../../../src/scanning/index.ts";
import { noEndpointMetrics, silentLogger } from "../../../src/telemetry/index.ts";
import { TempDirectory } from "../../support/temp-directory.ts";

/** Makes scanners that ask ICAP servers, and closes them when the tests of the file have ended. */
export function useIcapScanners() {
  const scanners: Scanner[] = [];
  const directory = new TempDirectory();
  let spools: SpoolStore;
  beforeAll(async () => {
    spools = await SpoolStore.open({
      ...SPOOL_DEFAULTS,
      memoryBytes: 256 * 1024,
      directory: directory.path,
    });
  });
  afterAll(async () => {
    await Promise.all(scanners.map((scanner) => scanner.close()));
    await spools.close();
    directory.remove();
  });
  return {
    create: async (
      urls: readonly string[],
      changes: Partial<IcapScannerOptions> = {},
    ): Promise<Scanner> => {
      const scanner = await createIcapScanner({
        name: "other",
        urls,
        method: "Auto",
        replaced: "Blocked",
        shares: [],
        maxBytes: Number.POSITIVE_INFINITY,
        connections: 8,
        retry: { attempts: 2, budgetPercent: 20, backoffMs: 0 },
        circuitBreaker: { failures: 5, openForMs: 10_000 },
        credentials: {},
        newSpool: (maxBytes) => spools.create(maxBytes),
        logger: silentLogger,
        metrics: noEndpointMetrics,
        ...changes,
      });
      scanners.push(scanner);
      return scanner;
    },
    /** Bytes of all spools now. */
    spooled: () => spools.budget.memoryBytes + spools.budget.diskBytes,
  };
}
