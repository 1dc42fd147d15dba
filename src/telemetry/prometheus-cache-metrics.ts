import type {
  CacheMetrics,
  CacheTier,
  CacheUsage,
  ReadResult,
  SharingResult,
  WriteResult,
} from "./cache-metrics.ts";
import { metricDefinitions } from "./metric-definitions.ts";
import { type MetricsRegistry, type Sample, single } from "./metrics-registry.ts";

/** Counts of two labels, found without making a text of them. */
class Tally {
  readonly #labels: readonly [string, string];
  readonly #counts = new Map<string, Map<string, number>>();

  constructor(...labels: readonly [string, string]) {
    this.#labels = labels;
  }

  add(first: string, second: string): void {
    let row = this.#counts.get(first);
    if (row === undefined) {
      row = new Map();
      this.#counts.set(first, row);
    }
    row.set(second, (row.get(second) ?? 0) + 1);
  }

  samples(): readonly Sample[] {
    const [one, two] = this.#labels;
    return [...this.#counts].flatMap(([first, row]) =>
      [...row].map(([second, value]) => ({ labels: { [one]: first, [two]: second }, value })),
    );
  }
}

/** `CacheMetrics` as plain numbers, read at each scrape. */
export class PrometheusCacheMetrics implements CacheMetrics {
  readonly #reads = new Tally("tier", "result");
  readonly #writes = new Tally("tier", "result");
  readonly #waits = new Tally("where", "result");
  readonly #answers = new Tally("scanner", "from");

  constructor(registry: MetricsRegistry) {
    const metrics = metricDefinitions;
    registry.expose(metrics.cacheReads, () => this.#reads.samples());
    registry.expose(metrics.cacheWrites, () => this.#writes.samples());
    registry.expose(metrics.scansAwaited, () => this.#waits.samples());
    registry.expose(metrics.scannerAnswers, () => this.#answers.samples());
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
    this.#reads.add(tier, result);
  }

  cacheWritten(tier: CacheTier, result: WriteResult): void {
    this.#writes.add(tier, result);
  }

  scanAwaited(where: "pod" | "fleet", result: SharingResult): void {
    this.#waits.add(where, result);
  }

  scannerAnswered(scanner: string, cached: boolean): void {
    this.#answers.add(scanner, cached ? "cache" : "scan");
  }
}
