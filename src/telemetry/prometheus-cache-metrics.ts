import type {
  CacheMetrics,
  CacheTier,
  CacheUsage,
  ReadResult,
  SharingResult,
  WriteResult,
} from "./cache-metrics.ts";
import { metricDefinitions } from "./metric-definitions.ts";
import { type MetricsRegistry, single } from "./metrics-registry.ts";
import { Tally } from "./tally.ts";

/** `CacheMetrics` as plain numbers, read at each scrape. */
export class PrometheusCacheMetrics implements CacheMetrics {
  readonly #reads = new Tally(metricDefinitions.cacheReads);
  readonly #writes = new Tally(metricDefinitions.cacheWrites);
  readonly #waits = new Tally(metricDefinitions.scansAwaited);
  readonly #answers = new Tally(metricDefinitions.scannerAnswers);

  constructor(registry: MetricsRegistry) {
    for (const tally of [this.#reads, this.#writes, this.#waits, this.#answers]) {
      tally.expose(registry);
    }
  }

  /** `read` is called at each scrape. */
  watch(registry: MetricsRegistry, read: () => CacheUsage): void {
    const { cacheEntries, cacheBytes, cacheRedisAvailable } = metricDefinitions;
    registry.expose(cacheEntries, () => single(read().entries));
    registry.expose(cacheBytes, () => single(read().bytes));
    registry.expose(cacheRedisAvailable, () => {
      const available = read().redisAvailable;
      return available === undefined ? [] : single(available ? 1 : 0);
    });
  }

  cacheRead(tier: CacheTier, result: ReadResult): void {
    this.#reads.add({ tier, result });
  }

  cacheWritten(tier: CacheTier, result: WriteResult): void {
    this.#writes.add({ tier, result });
  }

  scanAwaited(where: "pod" | "fleet", result: SharingResult): void {
    this.#waits.add({ where, result });
  }

  scannerAnswered(scanner: string, cached: boolean): void {
    this.#answers.add({ scanner, from: cached ? "cache" : "scan" });
  }
}
