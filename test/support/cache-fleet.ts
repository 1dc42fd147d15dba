import { ScanCache } from "../../src/cache/index.ts";
import type { Entity } from "../../src/entity/index.ts";
import type { ScanContext, Scanner, Verdict } from "../../src/scanning/index.ts";
import { errorVerdict, VerdictKind, VerdictReason } from "../../src/scanning/index.ts";
import { type Logger, silentLogger } from "../../src/telemetry/index.ts";
import { CountedCacheMetrics } from "./counted-cache-metrics.ts";
import { ownPrefix, type RedisAccess, redisAccess } from "./redis-cache.ts";

/** Judges by what the test says, and counts. Of all pods at once: it stands for a remote scanner. */
export class CountingScanner implements Scanner {
  readonly name = "clamav";
  epoch = "1";
  readonly maxBytes = Number.POSITIVE_INFINITY;
  scans = 0;
  /** By the SHA-256 of what was scanned. */
  readonly scansOf = new Map<string, number>();
  judge: (entity: Entity, context: ScanContext) => Promise<Verdict> | Verdict = () => ({
    kind: VerdictKind.Clean,
    threats: [],
  });

  async scan(entity: Entity, context: ScanContext): Promise<Verdict> {
    this.scans += 1;
    this.scansOf.set(entity.sha256, (this.scansOf.get(entity.sha256) ?? 0) + 1);
    if (context.signal.aborted) return errorVerdict(VerdictReason.Timeout, "aborted");
    return await this.judge(entity, context);
  }

  async close(): Promise<void> {}
}

export interface PodOptions extends RedisAccess {
  readonly url: string;
  readonly scanner: Scanner;
  readonly now?: () => number;
  readonly logger?: Logger;
  readonly keys?: readonly Buffer[];
  readonly maxAgeMs?: number;
  readonly timing?: ConstructorParameters<typeof ScanCache>[0]["timing"];
}

/** The cache of one process, before a scanner. */
export class Pod {
  readonly metrics = new CountedCacheMetrics();
  readonly cache: ScanCache;
  readonly scanner: Scanner;

  constructor({ url, scanner, logger = silentLogger, keys = [], maxAgeMs, ...rest }: PodOptions) {
    const { now, timing } = rest;
    this.cache = new ScanCache({
      maxBytes: 1_000_000,
      maxAgeMs: maxAgeMs ?? 60_000,
      redis: redisAccess(url, rest),
      keys,
      metrics: this.metrics,
      logger,
      ...(now !== undefined && { now }),
      ...(timing !== undefined && { timing }),
    });
    this.scanner = this.cache.decorate(scanner, {
      key: "IcapScanner/a/clamav",
      identity: "clamav@1",
      rememberFromBytes: 0,
      shareFromBytes: 0,
    });
  }

  static async start(options: PodOptions): Promise<Pod> {
    const pod = new Pod(options);
    await pod.cache.start();
    return pod;
  }

  get redisHits(): number {
    return this.metrics.reads.get("redis hit") ?? 0;
  }

  async stop(): Promise<void> {
    await this.cache.close();
  }
}

/** Several processes that share one Redis and one prefix. */
export async function startPods(count: number, options: PodOptions): Promise<Pod[]> {
  const prefix = options.prefix ?? ownPrefix();
  return Promise.all(Array.from({ length: count }, () => Pod.start({ ...options, prefix })));
}
