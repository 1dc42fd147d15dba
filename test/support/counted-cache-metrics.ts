import type { CacheMetrics } from "../../src/telemetry/index.ts";

/** Counts what the verdict cache counts, by names such as `redis timeout`. */
export class CountedCacheMetrics implements CacheMetrics {
  readonly reads = new Map<string, number>();
  readonly writes = new Map<string, number>();
  readonly waits = new Map<string, number>();
  cached = 0;
  scanned = 0;

  cacheRead(tier: string, result: string): void {
    add(this.reads, `${tier} ${result}`);
  }

  cacheWritten(tier: string, result: string): void {
    add(this.writes, `${tier} ${result}`);
  }

  scanAwaited(where: string, result: string): void {
    add(this.waits, `${where} ${result}`);
  }

  scannerAnswered(_scanner: string, cached: boolean): void {
    if (cached) this.cached += 1;
    else this.scanned += 1;
  }
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
