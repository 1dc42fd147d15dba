import { CacheScope, type JudgedEntity, type Scanner } from "../scanning/index.ts";
import type { CacheMetrics, Logger } from "../telemetry/index.ts";
import { CachedScanner } from "./cached-scanner.ts";
import { MemoryVerdictCache } from "./memory-cache.ts";
import { RedisVerdictCache, type SharingTiming } from "./redis/redis-cache.ts";
import { RedisConnection, type RedisConnectionOptions } from "./redis/redis-connection.ts";
import { TieredVerdictCache } from "./tiered-cache.ts";
import { ValueSeal } from "./value-seal.ts";
import type {
  PurgeSelection,
  RememberedVerdict,
  TierStats,
  VerdictCache,
} from "./verdict-cache.ts";

export interface ScanCacheOptions {
  /** Memory of this process for verdicts. */
  readonly maxBytes: number;
  /** Longest time in which memory answers before Redis is asked again; without Redis it has no effect. */
  readonly maxAgeMs: number;
  /** Undefined: verdicts are remembered in this process alone. */
  readonly redis: Omit<RedisConnectionOptions, "logger"> | undefined;
  /** Authenticate what lies in Redis: the first signs, all verify. Empty: nothing is authenticated. */
  readonly keys: readonly Buffer[];
  readonly metrics: CacheMetrics;
  readonly logger: Logger;
  /** Milliseconds since 1970, as `Date.now`. */
  readonly now?: () => number;
  /** As `Math.random`. */
  readonly random?: () => number;
  readonly timing?: SharingTiming;
}

/** A scanner whose verdicts are to be remembered. */
export interface ScannerIdentity {
  /** As `purge` names it: `IcapScanner/namespace/name`. */
  readonly key: string;
  /** Shared by no two scanners whose verdicts could differ, and the same on every pod. */
  readonly identity: string;
  /** Entities below this are scanned each time: that costs less. */
  readonly rememberFromBytes: number;
  /** Entities below this are remembered in this process alone: scanning them costs less than Redis. */
  readonly shareFromBytes: number;
}

/** What is known of an entity, by scanner. */
export interface KnownVerdict extends RememberedVerdict {
  readonly scanner: string;
}

/** Clocks of pods differ by less. */
const CLOCK_SKEW_MS = 2000;

/**
 * The verdict cache of one process with all that belongs to it: the tiers, the scanners that use them,
 * and what operators do with it.
 */
export class ScanCache {
  /** For others who share state between pods; undefined without Redis. */
  readonly connection: RedisConnection | undefined;
  readonly seal: ValueSeal;
  readonly #options: ScanCacheOptions;
  readonly #memory: MemoryVerdictCache;
  readonly #redis: RedisVerdictCache | undefined;
  readonly #shared: VerdictCache;
  readonly #scanners = new Set<CachedScanner>();
  readonly #now: () => number;

  constructor(options: ScanCacheOptions) {
    const { maxBytes, maxAgeMs, redis, keys, metrics, logger, now = Date.now, timing } = options;
    this.#options = options;
    this.#now = now;
    this.seal = new ValueSeal(keys);
    const age = redis === undefined ? {} : { maxAgeMs };
    this.#memory = new MemoryVerdictCache({ maxBytes, ...age, metrics, now });
    this.connection = redis && new RedisConnection({ ...redis, logger });
    this.#redis =
      this.connection &&
      new RedisVerdictCache({
        connection: this.connection,
        seal: this.seal,
        metrics,
        logger,
        now,
        ...(timing !== undefined && { timing }),
      });
    this.#shared = this.#redis ? new TieredVerdictCache(this.#memory, this.#redis) : this.#memory;
  }

  /** Connects to Redis, if there is one. Never rejects: without it each pod remembers for itself. */
  async start(): Promise<void> {
    await this.#redis?.start();
    if (this.connection?.isAvailable === false) {
      this.#options.logger.warn("redis is not available: verdicts are remembered by each process");
    }
  }

  /** What this process holds at this moment. */
  get usage(): { readonly entries: number; readonly bytes: number } {
    return { entries: this.#memory.size, bytes: this.#memory.bytes };
  }

  /** The scanner with a memory. Closing it closes the inner one; the cache lives on. */
  decorate(scanner: Scanner, about: ScannerIdentity): Scanner {
    const { metrics, random = Math.random } = this.#options;
    const { key, identity, rememberFromBytes, shareFromBytes } = about;
    const cached = new CachedScanner(scanner, {
      key,
      identity,
      metrics,
      random,
      now: this.#now,
      lateCache: this.#shared,
      cacheFor: (size) => {
        if (size < rememberFromBytes) return undefined;
        return size < shareFromBytes ? this.#memory : this.#shared;
      },
      onClose: () => this.#scanners.delete(cached),
    });
    this.#scanners.add(cached);
    return cached;
  }

  /**
   * What the scanners of this process would say of an entity without scanning it, for each policy that
   * was asked for since the start. Verdicts that depend on a URL, a host or a user are not found.
   */
  async lookup(entity: Omit<JudgedEntity, "size">): Promise<KnownVerdict[]> {
    const found = await Promise.all(
      [...this.#scanners].map(async (scanner) =>
        (await scanner.lookup(entity)).map((one) => ({ ...one, scanner: scanner.key })),
      ),
    );
    return found.flat();
  }

  /** The scanners that remember, and what beside the content their verdicts depend on. */
  get scanners(): readonly { readonly scanner: string; readonly scope: CacheScope }[] {
    return [...this.#scanners].map(({ key, cacheScope }) => ({
      scanner: key,
      scope: cacheScope ?? CacheScope.Content,
    }));
  }

  /**
   * Forgets verdicts on all pods, whatever their number: of one scanner (by key, or by name), of one
   * content, or all, and only those judged before a time if there is one. Resolves when this process
   * has forgotten and Redis knows; the other pods follow within five seconds. Tells the keys of those
   * scanners of this process that it concerns.
   */
  async purge({ scanner, before, ...content }: Partial<PurgeSelection>): Promise<string[]> {
    // Rather a verdict too many: one that a pod whose clock is ahead has just given is old as well.
    const time = { before: before ?? this.#now() + CLOCK_SKEW_MS };
    const known = this.#keysOf(scanner);
    // A scanner that no service uses any more may still have verdicts: what was given counts as a key.
    const keys = scanner === undefined ? [undefined] : new Set([scanner, ...known]);
    for (const key of keys) {
      await this.#shared.purge({ ...content, ...time, ...(key !== undefined && { scanner: key }) });
    }
    return known;
  }

  stats(): Promise<readonly TierStats[]> {
    return this.#shared.stats();
  }

  async close(): Promise<void> {
    await this.#shared.close();
  }

  /** Called so, by key or by name; all where none is named. */
  #keysOf(scanner: string | undefined): string[] {
    const keys = new Set([...this.#scanners].map(({ key }) => key));
    return [...keys].filter(
      (key) => scanner === undefined || key === scanner || key.endsWith(`/${scanner}`),
    );
  }
}
